-- What each model has cost by stage and month, in all months that something is posted to; `accrued` is the part that stands at a rate card
-- until its bill comes. What has no price or no rate can't be in it. Of a moment $known_until, only what had landed by then.
SELECT
    model_id,
    stage,
    month,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS cost,
    CAST(coalesce(sum(cost) FILTER (is_accrued), 0) AS DECIMAL(38, 20)) AS accrued
FROM books.posted
LEFT JOIN books.deliveries ON posted.x_delivery_id = deliveries.delivery_id
WHERE model_id IS NOT NULL
    AND cost IS NOT NULL
    AND ($known_until IS NULL OR coalesce(deliveries.received_at < CAST($known_until AS TIMESTAMP), TRUE))
GROUP BY model_id, stage, month
ORDER BY model_id, stage, month
