-- Slurm jobs: the latest landed record of a job is current; a record with the same content as the one before is a
-- duplicate. A requeued job starts anew, so each of its starts counts.
CREATE OR REPLACE TABLE books.jobs AS
WITH version AS (
    SELECT
        jobs.*,
        deliveries.source,
        lag(jobs.x_content) OVER by_arrival AS content_before
    FROM ledger.jobs
    INNER JOIN log.deliveries ON jobs.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WINDOW by_arrival AS (PARTITION BY cluster, job_id, started_at ORDER BY jobs.x_delivery_id, jobs.x_line)
),

told_apart AS (
    SELECT * EXCLUDE (content_before), content_before IS NOT DISTINCT FROM x_content AS is_duplicate
    FROM version
)

SELECT
    *,
    CASE
        WHEN is_duplicate THEN 'duplicate'
        WHEN row_number() OVER newest_first = 1 THEN 'current'
        ELSE 'superseded'
    END AS status
FROM told_apart
WINDOW newest_first AS (PARTITION BY cluster, job_id, started_at, is_duplicate ORDER BY x_delivery_id DESC, x_line DESC)
