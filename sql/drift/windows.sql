-- Which two windows of each model's request log are compared.
--
-- The current window is the last $window before the day's start, $day. The reference is the $reference span that follows the
-- model's last promotion or known change (the behaviour it was accepted on), or the start of its log where that is later or there
-- is none. It grows by whole days until it holds $min_rows requests, and ends where the current window starts, at the latest.
WITH promoted AS (
    SELECT model_id, max(decided_at) AS promoted_at
    FROM books.training_runs
    WHERE outcome = 'promoted' AND decided_at <= CAST($day AS TIMESTAMP) - CAST($window AS INTERVAL)
    GROUP BY model_id
),

told_change AS (
    SELECT
        unnest(CAST($change_models AS VARCHAR[])) AS model_id,
        unnest(CAST($change_days AS TIMESTAMP[])) AS changed_at
),

known_change AS (
    SELECT model_id, max(changed_at) AS changed_at
    FROM told_change
    WHERE changed_at <= CAST($day AS TIMESTAMP)
    GROUP BY model_id
),

logged AS (
    SELECT model_id, date_trunc('day', min(requested_at)) AS first_day
    FROM books.requests
    WHERE status = 'current'
    GROUP BY model_id
),

started AS (
    SELECT
        logged.model_id,
        CAST($day AS TIMESTAMP) - CAST($window AS INTERVAL) AS current_start,
        least(current_start, greatest(logged.first_day, promoted.promoted_at, known_change.changed_at)) AS reference_start,
        least(current_start, reference_start + CAST($reference AS INTERVAL)) AS planned_end
    FROM logged
    SEMI JOIN config_models USING (model_id)
    LEFT JOIN promoted USING (model_id)
    LEFT JOIN known_change USING (model_id)
),

-- The rows up to the end of each day, from the reference's start on.
so_far AS (
    SELECT
        started.model_id,
        date_trunc('day', requests.requested_at) + INTERVAL 1 DAY AS day_end,
        sum(count(*)) OVER (PARTITION BY started.model_id ORDER BY day_end) AS row_count
    FROM started
    INNER JOIN books.requests AS requests
        ON started.model_id = requests.model_id
        AND requests.status = 'current'
        AND requests.requested_at >= started.reference_start
        AND requests.requested_at < started.current_start
    GROUP BY started.model_id, day_end
),

filled AS (
    SELECT model_id, min(day_end) AS filled_at
    FROM so_far
    WHERE row_count >= $min_rows
    GROUP BY model_id
)

SELECT
    started.model_id,
    started.current_start,
    CAST($day AS TIMESTAMP) AS current_end,
    started.reference_start,
    least(
        started.current_start,
        greatest(started.planned_end, coalesce(filled.filled_at, started.current_start))
    ) AS reference_end
FROM started
LEFT JOIN filled USING (model_id)
ORDER BY started.model_id
