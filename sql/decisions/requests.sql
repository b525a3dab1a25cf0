-- How many requests $model had in the days before $day.
SELECT count(*) AS requests
FROM books.requests
WHERE model_id = $model
    AND status = 'current'
    AND requested_at >= CAST($day AS TIMESTAMP) - INTERVAL (CAST($days AS INTEGER)) DAY
    AND requested_at < CAST($day AS TIMESTAMP)
