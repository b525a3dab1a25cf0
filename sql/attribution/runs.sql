-- The runs that claim a charge, and by what: the job they name, or their time window. It must say the same as books.attribution
-- (sql/books/40_attribution/55_attribution.sql), which keeps a run only where no other claims the charge.
WITH charge AS (
    SELECT
        charges.charge_period_start,
        CASE
            WHEN charges.charge_period_end > charges.charge_period_start THEN charges.charge_period_end
            ELSE charges.charge_period_start + INTERVAL 1 MICROSECOND
        END AS lasts_until,
        attribution.model_id,
        attribution.x_delivery_id,
        attribution.x_line
    FROM books.attribution
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
    WHERE
        attribution.x_delivery_id = $delivery_id AND attribution.x_line = $line AND attribution.x_part = $part
        AND (attribution.run_id IS NOT NULL OR attribution.is_contested)
),

named_job AS (
    SELECT
        run_jobs.run_id,
        'its job ' || min(run_jobs.job_name)
        || CASE WHEN bool_or(run_jobs.is_ambiguous) THEN ', which several clusters have' ELSE '' END AS claimed_by
    FROM charge
    INNER JOIN books.run_jobs USING (x_delivery_id, x_line)
    GROUP BY run_jobs.run_id
),

in_window AS (
    SELECT
        training_runs.run_id,
        'its time window, ' || strftime(training_runs.started_at, '%Y-%m-%d %H:%M') || ' to '
        || strftime(training_runs.ended_at, '%Y-%m-%d %H:%M') || ' UTC' AS claimed_by
    FROM charge
    INNER JOIN books.training_runs
        ON charge.model_id = training_runs.model_id
        AND charge.charge_period_start >= training_runs.started_at
        AND charge.lasts_until <= training_runs.ended_at
    WHERE len(training_runs.job_ids) = 0 AND NOT EXISTS (SELECT 1 FROM named_job)
)

SELECT run_id, claimed_by FROM named_job
UNION ALL
SELECT run_id, claimed_by FROM in_window
ORDER BY run_id
