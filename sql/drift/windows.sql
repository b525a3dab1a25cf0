-- Which two windows of each model's request log are compared.
--
-- The current window is the last $window before the day's start, $day. The reference is the $reference span that follows the
-- model's last promotion (the behaviour it was accepted on), or the start of its log where that is later or there is none; it
-- ends where the current window starts, at the latest.
WITH promoted AS (
    SELECT model_id, max(decided_at) AS promoted_at
    FROM books.training_runs
    WHERE outcome = 'promoted' AND decided_at <= CAST($day AS TIMESTAMP) - CAST($window AS INTERVAL)
    GROUP BY model_id
),

logged AS (
    SELECT model_id, date_trunc('day', min(requested_at)) AS first_day
    FROM books.requests
    WHERE status = 'current'
    GROUP BY model_id
)

SELECT
    model_id,
    CAST($day AS TIMESTAMP) - CAST($window AS INTERVAL) AS current_start,
    CAST($day AS TIMESTAMP) AS current_end,
    least(current_start, greatest(logged.first_day, promoted.promoted_at)) AS reference_start,
    least(current_start, reference_start + CAST($reference AS INTERVAL)) AS reference_end
FROM logged
SEMI JOIN config_models USING (model_id)
LEFT JOIN promoted USING (model_id)
ORDER BY model_id
