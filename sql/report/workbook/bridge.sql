-- From what the bills say to the true cost of the quarter $1, a column a step.
SELECT
    model_id,
    sum(amount) FILTER (step = 'billed') AS billed,
    sum(amount) FILTER (step = 'effective') AS effective,
    sum(amount) FILTER (step = 'accrual') AS accrual,
    sum(amount) FILTER (step = 'fx') AS fx,
    sum(amount) FILTER (step = 'allocation') AS allocation,
    sum(amount) FILTER (step = 'idle') AS idle,
    sum(amount) FILTER (step = 'adjustment') AS adjustment,
    sum(amount) FILTER (step = 'true') AS true_cost
FROM bridge
WHERE quarter = $1
GROUP BY model_id
ORDER BY model_id NULLS LAST
