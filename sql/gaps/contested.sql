-- Charges that several runs claim, and so none; those whose job several clusters know, apart.
WITH clashing AS (
    SELECT run_id, job_name, string_agg(DISTINCT cluster, ' or ' ORDER BY cluster) AS clusters
    FROM books.run_jobs
    WHERE is_ambiguous
    GROUP BY run_id, job_name
),

named_in_several AS (
    SELECT run_jobs.x_delivery_id, run_jobs.x_line, min((clashing.job_name, clashing.run_id, clashing.clusters)) AS example
    FROM books.run_jobs
    INNER JOIN clashing USING (run_id, job_name)
    GROUP BY run_jobs.x_delivery_id, run_jobs.x_line
),

contested AS (
    SELECT costs.*, named_in_several.example
    FROM books.costs
    LEFT JOIN named_in_several USING (x_delivery_id, x_line)
    WHERE costs.is_contested
),

told AS (
    SELECT
        source,
        CASE WHEN example IS NULL THEN 'runs' ELSE 'clusters' END AS form,
        model_id,
        quarter,
        count(DISTINCT row(x_delivery_id, x_line, x_part)) AS pieces,
        min(example) AS example,
        sum(cost) AS cost
    FROM contested
    GROUP BY ALL
)

SELECT
    source,
    form,
    model_id,
    quarter,
    pieces,
    CAST(sum(pieces) OVER one AS BIGINT) AS charges,
    (min(example) OVER one)[1] AS job_name,
    (min(example) OVER one)[2] AS run_id,
    (min(example) OVER one)[3] AS clusters,
    in_money(sum(cost) OVER one, getvariable('reporting_currency')) AS amounts
FROM told
WINDOW one AS (PARTITION BY source, form)
