-- Calls a day of each model in the $days days before $day: those logged, each for as many as its source says it stands for (`one_in`).
SELECT requests.model_id, CAST(sum(config_sources.one_in) AS DOUBLE) / CAST($days AS INTEGER) AS requests_a_day
FROM books.requests
INNER JOIN config_sources USING (source)
WHERE requests.status = 'current'
    AND requests.requested_at >= CAST($day AS TIMESTAMP) - INTERVAL (CAST($days AS INTEGER)) DAY
    AND requests.requested_at < CAST($day AS TIMESTAMP)
GROUP BY requests.model_id
ORDER BY requests.model_id
