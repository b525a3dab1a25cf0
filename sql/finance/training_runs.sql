-- Training runs with what they cost so far.
-- run_id: the run
-- parent_run_id: the run it resumes or builds on
-- model_id: the model it was for
-- round: 0 for the first build, n for the n-th retraining
-- outcome: promoted, discarded, crashed, rolled_back, or NULL while open
-- outcome_from: who says so: "training_runs file", "mlflow registry" or "slurm state"; NULL while open
-- started_at: when it began, as told or by its first job, UTC; NULL where neither is known
-- decided_at: when the outcome was decided, UTC
-- gpu_hours: GPU hours of its Slurm jobs
-- currency: currency of cost
-- cost: effective cost of its charges; NULL where nothing of it is known: its hours have no price or no rate, or no charge is linked to it
-- is_lower_bound: whether some of its hours have no price or no rate, so that cost is at least what is told, or NULL
-- activity: training, failed_experiments or undecided
WITH charged AS (
    SELECT
        run_id,
        CAST(sum(cost) AS DECIMAL(38, 20)) AS known_cost,
        count(*) FILTER (cost IS NULL) > 0 AS is_lower_bound
    FROM books.posted
    WHERE run_id IS NOT NULL
    GROUP BY run_id
)

SELECT
    training_runs.run_id,
    training_runs.parent_run_id,
    training_runs.model_id,
    training_runs.round,
    training_runs.outcome,
    training_runs.outcome_from,
    coalesce(training_runs.started_at, used.first_job_at) AS started_at,
    training_runs.decided_at,
    CAST(coalesce(used.gpu_hours, 0) AS DECIMAL(38, 20)) AS gpu_hours,
    getvariable('reporting_currency') AS currency,
    CASE WHEN NOT charged.is_lower_bound OR charged.known_cost <> 0 THEN charged.known_cost END AS cost,
    training_runs.activity,
    coalesce(charged.is_lower_bound, FALSE) AS is_lower_bound
FROM books.training_runs
LEFT JOIN charged USING (run_id)
LEFT JOIN books.run_use AS used USING (run_id)
ORDER BY training_runs.model_id, training_runs.run_id
