-- The charges that are split over models: bills (and capacity) that pay for usage we know, and what [[allocations]] share.
-- Where both fit, usage is the better evidence.
--
-- What a bill of a [[coverage]] is for says its `part`: `provider` GPU hours that could be used, `unused` GPU hours of a commitment or
-- reservation that were not (FOCUS tells them apart), `follower` all else that the match takes in: a tax, a credit, a fee, gigabytes.
-- Only providers pay for usage. Unless the join is by resource, they count in hours.
--
-- capacity_seconds: the GPU seconds a charge provides; NULL where neither its unit nor `gpu_hours_per_unit` tells.
CREATE OR REPLACE TABLE books.shared_charges AS
WITH claimed AS (
    SELECT
        *,
        CASE WHEN x_basis <> 'usage' THEN {{covering_bill}} END AS coverage_no,
        {{shared_charge}} AS shared_by
    FROM books.charges
),

shared AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        CAST(coverage_no AS INTEGER) AS coverage_no,
        CAST(CASE WHEN coverage_no IS NULL THEN shared_by END AS INTEGER) AS allocation_no,
        charge_period_start,
        charge_period_end,
        charge_category,
        coalesce('Unused' IN (commitment_discount_status, capacity_reservation_status), FALSE) AS is_unused,
        resource_id,
        resource_name,
        consumed_quantity,
        consumed_unit,
        billing_currency,
        billed_cost,
        effective_cost,
        CASE
            WHEN json_valid(tags) THEN CASE WHEN json_type(tags) = 'OBJECT' THEN json_extract_string(tags, '/gpu_type') END
        END AS tagged_gpu_type
    FROM claimed
    WHERE coverage_no IS NOT NULL OR shared_by IS NOT NULL
),

told AS (
    SELECT
        shared.*,
        config_coverage.join_on,
        CASE
            WHEN coverage_no IS NULL OR charge_category IS DISTINCT FROM 'Usage' THEN NULL
            WHEN is_unused THEN 'unused'
            WHEN join_on = 'resource_id' OR consumed_unit IS NULL OR counts_hours(consumed_unit) THEN 'provider'
        END AS pooled,
        CASE
            WHEN charge_category = 'Usage' AND counts_hours(consumed_unit)
                THEN coalesce(
                    config_coverage.gpu_hours_per_unit,
                    allocation.gpu_hours_per_unit,
                    CASE WHEN lower(consumed_unit) IN ('gpu-hours', 'gpu hours') THEN 1 END
                )
        END AS gpu_hours_per_unit,
        config_coverage.gpu_type AS coverage_gpu_type
    FROM shared
    LEFT JOIN config_coverage USING (coverage_no)
    LEFT JOIN (SELECT DISTINCT allocation_no, gpu_hours_per_unit FROM config_allocations) AS allocation USING (allocation_no)
)

SELECT
    x_delivery_id,
    x_line,
    x_part,
    coverage_no,
    allocation_no,
    CASE WHEN coverage_no IS NOT NULL THEN coalesce(pooled, 'follower') END AS part,
    CASE WHEN join_on = 'gpu_type+day' THEN lower(coalesce(coverage_gpu_type, tagged_gpu_type)) END AS pool_gpu_type,
    CASE WHEN join_on = 'resource_id' THEN resource_id END AS pool_resource_id,
    resource_name,
    CAST(charge_period_start AS DATE) AS first_day,
    greatest(
        CAST(charge_period_start AS DATE) + 1,
        CAST(charge_period_end - INTERVAL 1 MICROSECOND AS DATE) + 1
    ) AS end_day,
    charge_period_start,
    charge_period_end,
    divide_half_even(
        to_units(consumed_quantity) // 100000000 * (to_units(gpu_hours_per_unit) // 100000000000000) * 3600,
        CAST(1000000000000000000 AS HUGEINT)
    ) AS capacity_seconds,
    billing_currency,
    billed_cost,
    effective_cost
FROM told;

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
