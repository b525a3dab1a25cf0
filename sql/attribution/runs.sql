-- The runs that claim a charge, and how: by the job they name (its own id, or else its array's), or by their time window. It must
-- say the same as books.attribution (sql/books/60_attribution.sql), which keeps the run only where there is one.
WITH charge AS (
    SELECT
        charges.charge_period_start,
        attribution.model_id,
        CASE WHEN charges.x_basis = 'usage' AND charges.service_name = 'Slurm' THEN charges.resource_id END AS job_id
    FROM books.attribution
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
    WHERE
        attribution.x_delivery_id = $delivery_id AND attribution.x_line = $line AND attribution.x_part = $part
        AND (attribution.run_id IS NOT NULL OR attribution.is_contested)
),

named_job AS (
    SELECT
        training_runs.run_id,
        CASE
            WHEN list_contains(training_runs.job_ids, charge.job_id) THEN charge.job_id
            ELSE regexp_replace(charge.job_id, '[_+].*$', '')
        END AS job_id
    FROM charge
    INNER JOIN books.training_runs
        ON list_contains(training_runs.job_ids, charge.job_id)
        OR list_contains(training_runs.job_ids, regexp_replace(charge.job_id, '[_+].*$', ''))
    QUALIFY max(length(job_id)) OVER () = length(job_id)
),

in_window AS (
    SELECT training_runs.run_id, training_runs.started_at, training_runs.ended_at
    FROM charge
    INNER JOIN books.training_runs
        ON charge.model_id = training_runs.model_id
        AND charge.charge_period_start >= training_runs.started_at
        AND charge.charge_period_start < training_runs.ended_at
    WHERE len(training_runs.job_ids) = 0 AND NOT EXISTS (SELECT 1 FROM named_job)
)

SELECT run_id, 'its job ' || job_id AS claimed_by FROM named_job
UNION ALL
SELECT
    run_id,
    'its time window, ' || strftime(started_at, '%Y-%m-%d %H:%M') || ' to ' || strftime(ended_at, '%Y-%m-%d %H:%M') || ' UTC'
FROM in_window
ORDER BY run_id
