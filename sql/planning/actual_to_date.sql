-- What each model has cost in the months up to the one of the given day. What has no price or no rate can't be in it.
SELECT
    model_id,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS actual_to_date
FROM books.posted
WHERE model_id IS NOT NULL AND cost IS NOT NULL AND month <= CAST(? AS DATE)
GROUP BY model_id
ORDER BY model_id
