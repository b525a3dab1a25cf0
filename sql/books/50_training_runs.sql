-- Each run's round and activity, from the outcomes as last told.
--
-- A promoted run and its ancestors are training. Crashed and discarded runs that no promoted run builds on are failed
-- experiments. A run without outcome is undecided until its round's promotion or the model's abandonment, then discarded.
CREATE OR REPLACE TABLE books.training_runs AS
WITH RECURSIVE run AS (
    SELECT run_versions.*
    FROM books.run_versions
    INNER JOIN config_models USING (model_id)
    WHERE status = 'current'
),

promotion AS (
    SELECT
        model_id,
        run_id,
        decided_at,
        row_number() OVER (PARTITION BY model_id ORDER BY decided_at, run_id) - 1 AS round
    FROM run
    WHERE outcome = 'promoted'
),

lineage AS (
    SELECT model_id, run_id, round FROM promotion
    UNION
    SELECT lineage.model_id, run.parent_run_id, lineage.round
    FROM lineage
    INNER JOIN run USING (run_id)
    WHERE run.parent_run_id IS NOT NULL
),

first_start AS (
    SELECT run.run_id, min(job_charges.charge_period_start) AS first_job_at
    FROM run
    INNER JOIN books.job_charges
        ON list_contains(run.job_ids, job_charges.resource_id)
        OR list_contains(run.job_ids, regexp_replace(job_charges.resource_id, '[_+].*$', ''))
    GROUP BY run.run_id
),

rounded AS (
    SELECT
        run.*,
        EXISTS (SELECT 1 FROM lineage WHERE lineage.run_id = run.run_id) AS is_built_on,
        coalesce(
            (SELECT round FROM promotion WHERE promotion.run_id = run.run_id),
            (SELECT min(round) FROM lineage WHERE lineage.run_id = run.run_id AND lineage.model_id = run.model_id),
            (
                SELECT count(*) FROM promotion
                WHERE promotion.model_id = run.model_id
                    AND promotion.decided_at <= coalesce(run.started_at, first_start.first_job_at, run.decided_at)
            )
        ) AS round
    FROM run
    LEFT JOIN first_start USING (run_id)
)

SELECT
    run_id,
    parent_run_id,
    model_id,
    job_ids,
    started_at,
    ended_at,
    outcome,
    decided_at,
    CAST(round AS INTEGER) AS round,
    CASE
        WHEN is_built_on THEN 'training'
        WHEN outcome IN ('crashed', 'discarded') THEN 'failed_experiments'
        WHEN round < (SELECT count(*) FROM promotion WHERE promotion.model_id = rounded.model_id) THEN 'failed_experiments'
        WHEN model_id IN (SELECT model_id FROM config_models WHERE abandoned_on IS NOT NULL) THEN 'failed_experiments'
        ELSE 'undecided'
    END AS activity,
    x_delivery_id,
    x_line
FROM rounded
