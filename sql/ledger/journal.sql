-- What a quarter's journal books: true cost by model, stage, activity, cost kind and whether it is idle.
SELECT
    model_id,
    stage,
    activity,
    cost_kind,
    is_idle,
    currency,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS cost
FROM cost_by_stage
WHERE quarter = ?
GROUP BY ALL
ORDER BY model_id NULLS LAST, stage, activity, cost_kind, is_idle
