-- The charges that are split over models: bills (and capacity) that pay for usage we know, and what [[allocations]] share.
-- Where both fit, usage is the better evidence.
--
-- What a bill of a [[coverage]] is for says its `part`: `provider` GPU hours that could be used, `unused` GPU hours of a commitment or
-- reservation that were not (FOCUS tells them apart), `follower` all else that the match takes in: a tax, a credit, a fee, gigabytes,
-- and a correction without a quantity, which mends the price of other lines.
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
        coalesce(consumed_quantity IS NULL AND charge_class = 'Correction', FALSE) AS mends_price,
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
            WHEN coverage_no IS NULL OR (charge_category IS DISTINCT FROM 'Usage') OR mends_price THEN NULL
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
FROM told
