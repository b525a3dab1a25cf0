-- The usage each pool's bills pay for: usage of the coverage, on the pool's days, of its GPU type or resource. Usage in a pool
-- is covered: it says whose the bill is, and costs nothing of its own, so that no hour counts twice. Usage of a coverage
-- that stands in no pool has no bill yet: it is accrued at the rate card until the bill comes.
CREATE OR REPLACE TABLE books.coverable_usage AS
SELECT
    x_delivery_id,
    x_line,
    x_part,
    CAST(charge_period_start AS DATE) AS used_on,
    sku_id AS gpu_type,
    resource_id,
    divide_half_even(to_units(consumed_quantity) * 3600, CAST(100000000000000000000 AS HUGEINT)) AS used_seconds,
    unnest(/* covering pools */ []) AS coverage_no
FROM books.charges
WHERE x_basis = 'usage';

CREATE OR REPLACE TABLE books.pool_usage AS
WITH pool AS (
    SELECT DISTINCT pool_no, coverage_no, pool_gpu_type, pool_resource_id, first_day, end_day
    FROM books.shared_charges
    WHERE pool_no IS NOT NULL
)

SELECT
    pool.pool_no,
    coverable_usage.x_delivery_id,
    coverable_usage.x_line,
    coverable_usage.x_part,
    coverable_usage.used_on,
    coverable_usage.used_seconds
FROM books.coverable_usage
INNER JOIN pool
    ON coverable_usage.coverage_no = pool.coverage_no
    AND coverable_usage.used_on >= pool.first_day
    AND coverable_usage.used_on < pool.end_day
    AND (pool.pool_gpu_type IS NULL OR coverable_usage.gpu_type = pool.pool_gpu_type)
    AND (pool.pool_resource_id IS NULL OR coverable_usage.resource_id = pool.pool_resource_id)
WHERE coverable_usage.used_seconds > 0
