-- Pools: a coverage's bills of one UTC day and GPU type (or resource). A bill of several days is part of each day's pool.
CREATE OR REPLACE TABLE books.pool_days AS
WITH by_day AS (
    SELECT
        *,
        CAST(unnest(generate_series(CAST(first_day AS TIMESTAMP), CAST(end_day - 1 AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS day,
        greatest(date_diff('second', charge_period_start, charge_period_end), 1) AS all_seconds
    FROM books.shared_charges
    WHERE part IN ('provider', 'unused')
),

timed AS (
    SELECT
        *,
        greatest(date_diff('second', charge_period_start, CAST(day AS TIMESTAMP)), 0) AS seconds_before,
        CASE WHEN day = end_day - 1 THEN all_seconds ELSE date_diff('second', charge_period_start, CAST(day + 1 AS TIMESTAMP)) END
            AS seconds_after
    FROM by_day
)

SELECT
    x_delivery_id,
    x_line,
    x_part,
    coverage_no,
    part = 'unused' AS is_unused,
    CAST(dense_rank() OVER (ORDER BY coverage_no, pool_gpu_type, pool_resource_id, day) AS INTEGER) AS pool_no,
    pool_gpu_type,
    pool_resource_id,
    resource_name,
    day,
    seconds_before,
    seconds_after,
    all_seconds,
    capacity_seconds * seconds_after // all_seconds - capacity_seconds * seconds_before // all_seconds AS capacity_seconds
FROM timed
