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
-- completeness: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low: with what the run's own charges lack, and its model in the quarters it ran
WITH charged AS (
    SELECT
        run_id,
        CAST(sum(cost) AS DECIMAL(38, 20)) AS known_cost,
        count(*) FILTER (cost IS NULL) > 0 AS is_lower_bound
    FROM books.posted
    WHERE run_id IS NOT NULL
    GROUP BY run_id
),

-- The quarters that a run has charges in, began in or was decided in.
run_quarter AS (
    SELECT DISTINCT run_id, quarter FROM books.posted WHERE run_id IS NOT NULL
    UNION
    SELECT run_id, fiscal_quarter(CAST(unnest([started_at, decided_at]) AS DATE), getvariable('fiscal_year_start_month'))
    FROM books.training_runs
),

lacking AS (
    SELECT
        run_id,
        coalesce(told, gap_words(kind, CAST(sum(pieces) AS BIGINT))) AS words,
        bool_or(is_lower_bound) AS is_lower_bound
    FROM (
        SELECT DISTINCT training_runs.run_id, missing.*
        FROM books.training_runs
        INNER JOIN run_quarter USING (run_id)
        INNER JOIN missing
            ON (missing.quarter IS NULL OR missing.quarter = run_quarter.quarter)
            AND (missing.model_id = training_runs.model_id OR (missing.model_id IS NULL AND NOT missing.is_unclaimed))
        WHERE missing.is_cost AND missing.kind NOT IN ('unpriced', 'unconverted', 'accrued')
    ) AS of_run
    GROUP BY run_id, kind, told
),

lacked AS (
    SELECT run_id, string_agg(words, '; ' ORDER BY words) AS words, bool_or(is_lower_bound) AS is_lower_bound
    FROM lacking
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
    coalesce(charged.is_lower_bound, FALSE) AS is_lower_bound,
    coalesce(
        CASE WHEN charged.is_lower_bound OR lacked.is_lower_bound THEN 'incomplete: ' ELSE 'unsettled: ' END
        || nullif(concat_ws('; ', CASE WHEN charged.is_lower_bound THEN 'charges without a price or a rate' END, lacked.words), ''),
        'complete'
    ) AS completeness
FROM books.training_runs
LEFT JOIN charged USING (run_id)
LEFT JOIN lacked USING (run_id)
LEFT JOIN books.run_use AS used USING (run_id)
ORDER BY training_runs.model_id, training_runs.run_id
