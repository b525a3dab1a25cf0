-- Every model that has a cost or a plan in the published views.
SELECT model_id
FROM true_cost_by_quarter
WHERE model_id IS NOT NULL
UNION
SELECT model_id
FROM actual_vs_plan
WHERE model_id IS NOT NULL
ORDER BY model_id
