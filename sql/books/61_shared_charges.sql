-- The charges that are split over models: bills (and capacity) that pay for usage we know, and what [[allocations]] share.
-- Where both fit, usage is the better evidence. Bills of the same coverage, GPU type (or resource) and days are one pool.
--
-- capacity_seconds: the GPU seconds a charge provides; NULL where neither its unit nor `gpu_hours_per_unit` tells.
CREATE OR REPLACE TABLE books.shared_charges AS
WITH claimed AS (
    SELECT
        *,
        CASE WHEN x_basis <> 'usage' THEN /* covering bill */ NULL END AS coverage_no,
        /* shared charge */ NULL AS shared_by
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
        resource_id,
        consumed_quantity,
        consumed_unit,
        billed_cost,
        effective_cost,
        CASE
            WHEN json_valid(tags) THEN CASE WHEN json_type(tags) = 'OBJECT' THEN json_extract_string(tags, '/gpu_type') END
        END AS tagged_gpu_type
    FROM claimed
    WHERE coverage_no IS NOT NULL OR shared_by IS NOT NULL
),

provided AS (
    SELECT
        shared.*,
        CASE WHEN join_on = 'gpu_type+day' THEN coalesce(config_coverage.gpu_type, tagged_gpu_type) END AS pool_gpu_type,
        CASE WHEN join_on = 'resource_id' THEN resource_id END AS pool_resource_id,
        CAST(charge_period_start AS DATE) AS first_day,
        greatest(
            CAST(charge_period_start AS DATE) + 1,
            CAST(charge_period_end - INTERVAL 1 MICROSECOND AS DATE) + 1
        ) AS end_day,
        coalesce(
            config_coverage.gpu_hours_per_unit,
            allocation.gpu_hours_per_unit,
            CASE WHEN lower(consumed_unit) IN ('gpu-hours', 'gpu hours') THEN 1 END
        ) AS gpu_hours_per_unit
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
    CASE
        WHEN coverage_no IS NOT NULL
            THEN CAST(dense_rank() OVER (ORDER BY coverage_no, pool_gpu_type, pool_resource_id, first_day, end_day) AS INTEGER)
    END AS pool_no,
    pool_gpu_type,
    pool_resource_id,
    first_day,
    end_day,
    charge_period_start,
    charge_period_end,
    divide_half_even(
        to_units(consumed_quantity) // 100000000 * (to_units(gpu_hours_per_unit) // 100000000000000) * 3600,
        CAST(1000000000000000000 AS HUGEINT)
    ) AS capacity_seconds,
    billed_cost,
    effective_cost
FROM provided
