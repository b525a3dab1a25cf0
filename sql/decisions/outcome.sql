-- The newest score of $model for $feature after $since and up to $day, and whether higher is better; no row without one.
SELECT score, higher_is_better, evaluated_at
FROM books.evals
WHERE model_id = $model
    AND task || ' ' || metric = $feature
    AND status = 'current'
    AND evaluated_at > CAST($since AS TIMESTAMP)
    AND evaluated_at < CAST($day AS TIMESTAMP) + INTERVAL 1 DAY
ORDER BY evaluated_at DESC
LIMIT 1
