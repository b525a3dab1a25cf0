-- Calls of $model by week of $days days from $since on, each logged one for as many as its source says (`one_in`).
SELECT
    CAST(floor(
        date_diff('second', CAST($since AS TIMESTAMP), requests.requested_at) / (86400 * CAST($days AS INTEGER))
    ) AS INTEGER) AS week,
    CAST(sum(config_sources.one_in) AS DOUBLE) AS requests
FROM books.requests
INNER JOIN config_sources USING (source)
WHERE requests.model_id = $model
    AND requests.status = 'current'
    AND requests.requested_at >= CAST($since AS TIMESTAMP)
    AND requests.requested_at < CAST($day AS TIMESTAMP)
GROUP BY week
ORDER BY week
