-- Where the cost of $model is forecast to end, against its budget; no row without a plan.
SELECT estimate_at_completion_p50 AS p50, budget
FROM outlook.forecast
WHERE model_id = $model
