-- The usage each pool's bills pay for: usage of the coverage, on the pool's day, of its GPU type or resource. Each piece of usage is of
-- one pool, by the first coverage that has one: no hour is used twice. Usage that says no GPU type is of the day's only pool.
--
-- Usage in a pool is covered: it says whose the bill is, and costs nothing of its own. Usage of a coverage that stands in no pool
-- has no bill yet, and is accrued at the rate card until the bill comes; so are the hours a pool was used for beyond what its bills
-- provide, each user's alike: `covered_seconds` of `pool_seconds` are paid for. What a cluster of our own was used for beyond its
-- hours costs nothing more.
CREATE OR REPLACE TABLE books.pool_usage AS
WITH pool AS (
    SELECT
        pool_no,
        coverage_no,
        pool_gpu_type,
        pool_resource_id,
        day,
        list(DISTINCT resource_name) AS resource_names,
        CASE WHEN bool_and(capacity_seconds IS NOT NULL) THEN CAST(sum(capacity_seconds) AS HUGEINT) END AS capacity_seconds
    FROM books.pool_days
    WHERE NOT is_unused
    GROUP BY ALL
),

-- Each name a pool's resource has: of many resources a day, each finds its own.
pool_name AS (
    SELECT DISTINCT pool_no, coverage_no, day, unnest(list_append(resource_names, pool_resource_id)) AS resource_id
    FROM pool
    WHERE pool_resource_id IS NOT NULL
),

found AS (
    SELECT coverable_usage.*, pool_name.pool_no
    FROM books.coverable_usage
    INNER JOIN pool_name
        ON coverable_usage.coverage_no = pool_name.coverage_no
        AND coverable_usage.used_on = pool_name.day
        AND coverable_usage.resource_id = pool_name.resource_id
    UNION ALL
    SELECT coverable_usage.*, pool.pool_no
    FROM books.coverable_usage
    INNER JOIN pool
        ON coverable_usage.coverage_no = pool.coverage_no
        AND coverable_usage.used_on = pool.day
    WHERE pool.pool_resource_id IS NULL
),

fitting AS (
    SELECT
        found.*,
        pool.pool_gpu_type IS NOT NULL AND found.gpu_type IS NULL AS is_untold,
        pool.pool_gpu_type IS NULL AS is_any_type
    FROM found
    INNER JOIN pool USING (pool_no)
    WHERE found.used_seconds > 0
        AND (pool.pool_gpu_type IS NULL OR found.gpu_type IS NULL OR found.gpu_type = pool.pool_gpu_type)
    QUALIFY NOT is_untold
        OR count(*) OVER (PARTITION BY found.x_delivery_id, found.x_line, found.x_part, found.resource_id, found.coverage_no) = 1
),

placed AS (
    SELECT *
    FROM fitting
    QUALIFY coverage_no = min(coverage_no) OVER (PARTITION BY x_delivery_id, x_line, x_part)
        AND row_number() OVER (
            PARTITION BY x_delivery_id, x_line, x_part, resource_id ORDER BY coverage_no, is_any_type, pool_no
        ) = 1
),

summed AS (
    SELECT *, CAST(sum(used_seconds) OVER (PARTITION BY pool_no) AS HUGEINT) AS pool_seconds
    FROM placed
)

SELECT
    summed.pool_no,
    summed.x_delivery_id,
    summed.x_line,
    summed.x_part,
    summed.used_on,
    summed.used_seconds,
    summed.all_seconds,
    summed.pool_seconds,
    CASE
        WHEN config_coverage.is_capacity THEN summed.pool_seconds
        ELSE least(summed.pool_seconds, coalesce(pool.capacity_seconds, summed.pool_seconds))
    END AS covered_seconds
FROM summed
INNER JOIN pool USING (pool_no)
INNER JOIN config_coverage ON summed.coverage_no = config_coverage.coverage_no
