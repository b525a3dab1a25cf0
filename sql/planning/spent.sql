-- What each model has cost by stage and month, in all months that something is posted to; `accrued` is the part that stands at a rate card
-- until its bill comes. What has no price or no rate can't be in it.
SELECT
    model_id,
    stage,
    month,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS cost,
    CAST(coalesce(sum(cost) FILTER (is_accrued), 0) AS DECIMAL(38, 20)) AS accrued
FROM books.posted
WHERE model_id IS NOT NULL AND cost IS NOT NULL
GROUP BY model_id, stage, month
ORDER BY model_id, stage, month
