-- How many requests of a model a window holds.
SELECT count(*)
FROM books.requests
WHERE status = 'current'
    AND model_id = $model
    AND requested_at >= CAST($window_start AS TIMESTAMP)
    AND requested_at < CAST($window_end AS TIMESTAMP)
