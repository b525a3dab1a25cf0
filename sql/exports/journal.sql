-- What a quarter's journal books: true cost by model, stage, activity, cost kind, whether it is idle, and the quarter it is of: an
-- earlier one where it is an adjustment.
SELECT
    model_id,
    stage,
    activity,
    cost_kind,
    is_idle,
    origin_quarter,
    currency,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS cost
FROM costs
WHERE quarter = ? AND cost IS NOT NULL
GROUP BY ALL
ORDER BY currency, origin_quarter DESC, model_id NULLS LAST, stage, activity, cost_kind, is_idle
