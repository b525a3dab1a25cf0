-- Cost by model, stage, activity, round and kind: in the quarter that begins on the day $1, and up to its end.
SELECT
    cost_by_stage.model_id,
    cost_by_stage.stage,
    cost_by_stage.activity,
    cost_by_stage.round,
    cost_by_stage.cost_kind,
    cost_by_stage.is_idle,
    CAST(coalesce(sum(cost_by_stage.cost) FILTER (quarter.quarter_start = $1), 0) AS DECIMAL(38, 20)) AS cost,
    CAST(sum(cost_by_stage.cost) AS DECIMAL(38, 20)) AS cost_to_date
FROM cost_by_stage
INNER JOIN (SELECT DISTINCT quarter, quarter_start FROM true_cost_by_quarter) AS quarter USING (quarter)
WHERE quarter.quarter_start <= $1
GROUP BY ALL
ORDER BY cost_by_stage.model_id NULLS LAST, cost_by_stage.stage, cost_by_stage.round, cost_by_stage.activity, cost_by_stage.cost_kind,
    cost_by_stage.is_idle
