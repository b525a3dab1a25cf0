-- One quarter's figures, a row a model, what is unallocated last.
SELECT
    model_id,
    quarter,
    currency,
    training_only_cost,
    true_cost,
    multiplier,
    training_only_cost_to_date,
    true_cost_to_date,
    multiplier_to_date,
    completeness
FROM true_cost_by_quarter
WHERE quarter = ?
ORDER BY model_id NULLS LAST
