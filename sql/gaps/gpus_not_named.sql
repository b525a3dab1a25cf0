-- Jobs that ran where others of their source had GPUs (the same cluster and partition), and name none themselves: perhaps they had
-- none, perhaps Slurm did not keep count.
SELECT
    job.source,
    job."partition" AS partition_name,
    count(*) AS jobs,
    CAST(sum(job.elapsed_seconds) / 3600 AS DECIMAL(18, 2)) AS hours,
    min(job.job_id) AS job_id,
    CAST(min(job.started_at) AS DATE) AS first_day,
    CAST(max(job.started_at) AS DATE) AS last_day
FROM books.jobs AS job
SEMI JOIN (SELECT source, cluster, "partition" FROM books.jobs WHERE gpus > 0 AND status = 'current') AS gpu_partition
    ON job.source = gpu_partition.source
    AND job.cluster = gpu_partition.cluster
    AND job."partition" = gpu_partition."partition"
WHERE job.status = 'current' AND job.gpus = 0 AND job.elapsed_seconds > 0
GROUP BY job.source, job.cluster, job."partition"
