-- What our finished rounds were like: how many there are, how many runs they took and how many of these failed; what a failed run took of
-- the GPU hours of the one that was promoted; and how many retrainings were promoted in how many years of models in production.
WITH round_told AS (
    SELECT
        model_id,
        round,
        count(*) FILTER (outcome = 'promoted') AS promoted,
        count(*) FILTER (outcome IN ('discarded', 'crashed')) AS failed,
        avg(gpu_hours) FILTER (outcome = 'promoted' AND gpu_hours > 0) AS promoted_hours,
        sum(gpu_hours) FILTER (outcome IN ('discarded', 'crashed')) AS failed_hours
    FROM training_runs
    WHERE round IS NOT NULL AND decided_at < CAST($today AS DATE) + INTERVAL 1 DAY
    GROUP BY model_id, round
    HAVING count(*) FILTER (outcome = 'promoted') > 0
),

production AS (
    SELECT model_id, date_diff('day', CAST(min(decided_at) AS DATE), CAST($today AS DATE)) / 365.25 AS years
    FROM training_runs
    WHERE outcome = 'promoted' AND decided_at < CAST($today AS DATE) + INTERVAL 1 DAY
    GROUP BY model_id
)

SELECT
    count(*) AS rounds,
    CAST(coalesce(sum(promoted + failed), 0) AS BIGINT) AS runs,
    CAST(coalesce(sum(failed) FILTER (promoted_hours IS NOT NULL AND failed_hours IS NOT NULL), 0) AS BIGINT) AS failed,
    CAST(coalesce(sum(failed_hours / promoted_hours), 0) AS DOUBLE) AS failed_size,
    count(*) FILTER (round > 0) AS retrainings,
    coalesce((SELECT sum(years) FROM production), 0) AS model_years
FROM round_told
