-- The Slurm jobs that each training run names: a row per run, name and current record of a job (each start of a requeued one).
--
-- Job ids count anew on every cluster. `cluster/job_id` names one job; `job_id` alone does so where only one cluster knows it, and
-- is ambiguous where several do: nobody guesses. Jobs whose cluster nothing tells are of one that is called like their source.
--
-- A job is known by its own id, and by its array's or heterogeneous job's; where a run names the job itself, it is that run's.
CREATE OR REPLACE TABLE books.run_jobs AS
WITH named AS (
    SELECT DISTINCT run_id, unnest(job_ids) AS job_name
    FROM books.run_versions
    SEMI JOIN config_models USING (model_id)
    WHERE status = 'current'
),

name_part AS (
    SELECT
        *,
        CASE WHEN contains(job_name, '/') THEN regexp_extract(job_name, '^(.*)/', 1) END AS named_cluster,
        regexp_extract(job_name, '[^/]*$') AS known_as
    FROM named
),

job AS (
    SELECT
        coalesce(nullif(cluster, ''), source) AS cluster,
        job_id,
        regexp_replace(job_id, '[_+].*$', '') AS array_id,
        x_delivery_id,
        x_line
    FROM books.jobs
    WHERE status = 'current'
),

known AS (
    SELECT *, job_id AS known_as, TRUE AS is_own_id
    FROM job
    UNION ALL
    SELECT *, array_id AS known_as, FALSE AS is_own_id
    FROM job
    WHERE array_id <> job_id
),

meant AS (
    SELECT
        name_part.run_id,
        name_part.job_name,
        known.*,
        min(known.cluster) OVER by_name <> max(known.cluster) OVER by_name AS is_ambiguous
    FROM name_part
    INNER JOIN known
        ON name_part.known_as = known.known_as
        AND coalesce(name_part.named_cluster, known.cluster) = known.cluster
    WINDOW by_name AS (PARTITION BY name_part.run_id, name_part.job_name)
)

SELECT run_id, job_name, cluster, job_id, is_ambiguous, x_delivery_id, x_line
FROM meant
QUALIFY is_own_id OR NOT bool_or(is_own_id) OVER (PARTITION BY x_delivery_id, x_line)
