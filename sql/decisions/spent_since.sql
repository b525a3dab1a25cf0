-- What $model has cost from the month of $since on and up to $day, without serving: what a retraining comes to, if one was begun then.
SELECT sum(cost) AS cost
FROM books.costs
WHERE model_id = $model
    AND activity NOT IN ('serving', 'deployment')
    AND month >= date_trunc('month', CAST($since AS TIMESTAMP))
    AND month <= CAST($day AS DATE)
