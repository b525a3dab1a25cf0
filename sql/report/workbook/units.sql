-- What a unit of each model's work cost in the quarter $1, beside how many units there were.
SELECT
    model_id,
    requests,
    tokens,
    true_cost,
    serving_cost,
    cost_per_1k_requests,
    serving_cost_per_1k_requests,
    cost_per_1m_tokens,
    serving_cost_per_1m_tokens,
    eval_task || ' ' || eval_metric AS eval,
    baseline_score,
    latest_score,
    eval_points_gained,
    true_cost_to_date,
    cost_per_eval_point,
    reason,
    completeness
FROM unit_economics
WHERE quarter = $1
ORDER BY model_id
