-- From what the bills say to the true cost of the quarter $1, a row a step.
SELECT model_id, step, amount
FROM bridge
WHERE quarter = $1
ORDER BY model_id NULLS LAST, position
