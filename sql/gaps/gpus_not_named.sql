-- Jobs that ran where others of their source had GPUs (the same cluster and partition), and name none themselves: perhaps they had
-- none, perhaps Slurm did not keep count.
WITH told AS (
    SELECT
        absent_quarters.source,
        job."partition" AS partition_name,
        job.cluster,
        absent_quarters.model_id,
        absent_quarters.is_unclaimed,
        absent_quarters.quarter,
        count(*) AS pieces,
        sum(job.elapsed_seconds) AS seconds,
        min(job.job_id) AS job_id,
        min(job.started_at) AS first_at,
        max(job.started_at) AS last_at
    FROM absent_quarters
    INNER JOIN books.jobs AS job
        ON absent_quarters.delivery_id = job.x_delivery_id AND absent_quarters.line = job.x_line
    WHERE absent_quarters.kind = 'gpus_not_named'
    GROUP BY ALL
)

SELECT
    source,
    model_id,
    is_unclaimed,
    quarter,
    pieces,
    TRUE AS is_cost,
    TRUE AS is_lower_bound,
    partition_name,
    CAST(sum(pieces) OVER one AS BIGINT) AS jobs,
    CAST(sum(seconds) OVER one / 3600 AS DECIMAL(18, 2)) AS hours,
    min(job_id) OVER one AS job_id,
    CAST(min(first_at) OVER one AS DATE) AS first_day,
    CAST(max(last_at) OVER one AS DATE) AS last_day
FROM told
WINDOW one AS (PARTITION BY source, cluster, partition_name)
