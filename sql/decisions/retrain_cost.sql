-- What the last round of $model that ended in a promotion cost, without serving: the price to expect of another one.
WITH completed AS (
    SELECT max(round) AS round FROM books.training_runs WHERE model_id = $model AND outcome = 'promoted'
)

SELECT completed.round, sum(costs.cost) AS cost
FROM books.costs
INNER JOIN completed ON costs.round = completed.round
WHERE costs.model_id = $model AND costs.activity NOT IN ('serving', 'deployment')
GROUP BY completed.round
