-- Every model's quarters up to the reported one.
SELECT *
FROM true_cost_by_quarter
WHERE quarter_start <= ?
ORDER BY quarter_start, model_id
