-- What nobody's charges have cost by stage and month.
SELECT stage, month, CAST(sum(cost) AS DECIMAL(38, 20)) AS cost
FROM books.posted
WHERE model_id IS NULL AND cost IS NOT NULL
GROUP BY stage, month
ORDER BY stage, month
