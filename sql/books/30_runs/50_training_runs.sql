-- Each run's round and activity, from the outcomes as last told.
--
-- A promoted run and its ancestors are training. Crashed, discarded and rolled back runs that no promoted run builds on are failed
-- experiments. A run without outcome is undecided until its round's promotion, then discarded; where its model is abandoned, what
-- began before that day is a failed experiment too.
--
-- What the training_runs file says of an outcome holds. Where it says nothing, the model registry does: a run that made a version
-- which was ever in production is promoted, as of the earliest time told of it there, unless the file says when. Else Slurm's own
-- state does: a run all of whose jobs ended in FAILED, NODE_FAIL or OUT_OF_MEMORY crashed, unless a run that resumes or builds on it,
-- at once or through others, is promoted or still open. TIMEOUT, CANCELLED and PREEMPTED end runs that went well, too: they
-- decide nothing. A job that was requeued ended as its last start did; how a job ended whose name is ambiguous, nobody knows.
--
-- A run that is its own ancestor has no lineage: its parent is passed over until it is mended (finance.gaps tells).
CREATE OR REPLACE TABLE books.training_runs AS
WITH RECURSIVE told AS (
    SELECT run_versions.*, config_models.abandoned_on
    FROM books.run_versions
    INNER JOIN config_models USING (model_id)
    WHERE status = 'current'
),

link AS (
    SELECT run_id, parent_run_id FROM told WHERE parent_run_id IS NOT NULL
),

ancestry AS (
    SELECT run_id, parent_run_id AS ancestor_id FROM link
    UNION
    SELECT ancestry.run_id, link.parent_run_id
    FROM ancestry
    INNER JOIN link ON ancestry.ancestor_id = link.run_id
),

circular AS (
    SELECT run_id FROM ancestry WHERE run_id = ancestor_id
),

sound_link AS (
    SELECT link.* FROM link ANTI JOIN circular USING (run_id)
),

-- A job that waits to start again has no start yet, only a submission.
last_start AS (
    SELECT run_jobs.run_id, run_jobs.job_name, run_jobs.is_ambiguous, jobs.state, jobs.ended_at
    FROM books.run_jobs
    INNER JOIN books.jobs USING (x_delivery_id, x_line)
    QUALIFY row_number() OVER (
        PARTITION BY run_jobs.run_id, run_jobs.job_name, run_jobs.cluster, run_jobs.job_id
        ORDER BY coalesce(jobs.started_at, jobs.submitted_at) DESC NULLS LAST, jobs.x_delivery_id DESC, jobs.x_line DESC
    ) = 1
),

registry_promotion AS (
    SELECT run_id, min(updated_at) AS promoted_at
    FROM books.model_versions
    WHERE is_promoted
    GROUP BY run_id
),

stopped AS (
    SELECT open_run.run_id, max(last_start.ended_at) AS crashed_at
    FROM (SELECT run_id, unnest(job_ids) AS job_name FROM told WHERE outcome IS NULL) AS open_run
    LEFT JOIN last_start USING (run_id, job_name)
    ANTI JOIN registry_promotion USING (run_id)
    GROUP BY open_run.run_id
    HAVING bool_and(coalesce(
        last_start.state IN ('FAILED', 'NODE_FAIL', 'OUT_OF_MEMORY') AND NOT last_start.is_ambiguous, FALSE
    ))
),

-- Promoted, or still open: what such a run builds on has not been given up.
alive AS (
    SELECT told.run_id
    FROM told
    ANTI JOIN stopped USING (run_id)
    WHERE coalesce(told.outcome, 'promoted') = 'promoted'
),

carried_on AS (
    SELECT sound_link.parent_run_id AS run_id
    FROM sound_link
    SEMI JOIN alive USING (run_id)
    UNION
    SELECT sound_link.parent_run_id
    FROM carried_on
    INNER JOIN sound_link USING (run_id)
),

crash AS (
    SELECT stopped.* FROM stopped ANTI JOIN carried_on USING (run_id)
),

run AS (
    SELECT
        told.* EXCLUDE (outcome, decided_at),
        CASE
            WHEN told.outcome IS NOT NULL THEN told.outcome
            WHEN registry_promotion.run_id IS NOT NULL THEN 'promoted'
            WHEN crash.run_id IS NOT NULL THEN 'crashed'
        END AS outcome,
        CASE
            WHEN told.outcome IS NOT NULL THEN told.decided_at
            ELSE coalesce(told.decided_at, registry_promotion.promoted_at, crash.crashed_at)
        END AS decided_at,
        CASE
            WHEN told.outcome IS NOT NULL THEN 'training_runs file'
            WHEN registry_promotion.run_id IS NOT NULL THEN 'mlflow registry'
            WHEN crash.run_id IS NOT NULL THEN 'slurm state'
        END AS outcome_from,
        circular.run_id IS NOT NULL AS is_circular,
        CASE WHEN circular.run_id IS NULL THEN told.parent_run_id END AS builds_on_run_id
    FROM told
    LEFT JOIN registry_promotion USING (run_id)
    LEFT JOIN crash USING (run_id)
    LEFT JOIN circular USING (run_id)
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
    SELECT lineage.model_id, run.builds_on_run_id, lineage.round
    FROM lineage
    INNER JOIN run USING (run_id)
    WHERE run.builds_on_run_id IS NOT NULL
),

first_start AS (
    SELECT run_jobs.run_id, min(jobs.started_at) AS first_job_at
    FROM books.run_jobs
    INNER JOIN books.jobs USING (x_delivery_id, x_line)
    WHERE NOT run_jobs.is_ambiguous
    GROUP BY run_jobs.run_id
),

begun AS (
    SELECT run.*, coalesce(run.started_at, first_start.first_job_at, run.decided_at) AS begun_at
    FROM run
    LEFT JOIN first_start USING (run_id)
),

rounded AS (
    SELECT
        begun.*,
        (EXISTS (SELECT 1 FROM lineage WHERE lineage.run_id = begun.run_id)) AS is_built_on,
        coalesce(
            (SELECT round FROM promotion WHERE promotion.run_id = begun.run_id),
            (SELECT min(round) FROM lineage WHERE lineage.run_id = begun.run_id AND lineage.model_id = begun.model_id),
            (
                SELECT count(*) FROM promotion
                WHERE promotion.model_id = begun.model_id AND promotion.decided_at <= begun.begun_at
            )
        ) AS round
    FROM begun
)

SELECT
    run_id,
    parent_run_id,
    model_id,
    job_ids,
    started_at,
    ended_at,
    outcome,
    outcome_from,
    decided_at,
    is_circular,
    CAST(round AS INTEGER) AS round,
    CASE
        WHEN is_built_on THEN 'training'
        WHEN outcome IN ('crashed', 'discarded', 'rolled_back') THEN 'failed_experiments'
        WHEN round < (SELECT count(*) FROM promotion WHERE promotion.model_id = rounded.model_id) THEN 'failed_experiments'
        WHEN coalesce(begun_at, TIMESTAMP '0001-01-01') < abandoned_on THEN 'failed_experiments'
        ELSE 'undecided'
    END AS activity,
    x_delivery_id,
    x_line
FROM rounded
