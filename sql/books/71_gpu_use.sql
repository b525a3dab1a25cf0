-- What each pool of GPUs provided on its day, what was used of it and what stood idle, with its cost; and so of each charge that
-- [[allocations]] split by busy GPU seconds, on the day it starts.
CREATE OR REPLACE TABLE books.gpu_use AS
WITH provided AS (
    SELECT
        pool_no,
        coverage_no,
        pool_gpu_type AS gpu_type,
        pool_resource_id AS resource_id,
        day,
        sum(capacity_seconds) AS capacity_seconds
    FROM books.pool_days
    GROUP BY ALL
),

used AS (
    SELECT pool_no, sum(used_seconds) AS used_seconds FROM books.pool_usage GROUP BY pool_no
),

-- In the currency of the bills: a pool has one, or its costs are not added up.
costed AS (
    SELECT
        pool_no,
        CASE WHEN count(DISTINCT billing_currency) = 1 THEN any_value(billing_currency) END AS currency,
        sum(effective_cost) AS cost,
        coalesce(sum(effective_cost) FILTER (is_idle), 0) AS idle_cost,
        coalesce(sum(effective_cost) FILTER (is_idle AND model_id IS NOT NULL), 0) AS idle_assigned
    FROM books.shares
    WHERE pool_no IS NOT NULL
    GROUP BY pool_no
),

pooled AS (
    SELECT
        config_coverage.name AS coverage,
        provided.*,
        coalesce(used_seconds, 0) AS used_seconds,
        costed.* EXCLUDE (pool_no)
    FROM provided
    INNER JOIN config_coverage USING (coverage_no)
    LEFT JOIN used USING (pool_no)
    LEFT JOIN costed USING (pool_no)
),

driver AS (
    SELECT DISTINCT allocation_no FROM config_allocations WHERE driver = 'gpu_seconds'
),

busy AS (
    SELECT allocation_no, charge_period_start, charge_period_end, sum(weight) AS milliseconds
    FROM books.drivers
    GROUP BY ALL
),

-- Charges of one period are busy with the same calls: each by what it provides.
serving_charge AS (
    SELECT
        shared_charges.*,
        sum(capacity_seconds) OVER (PARTITION BY allocation_no, charge_period_start, charge_period_end) AS period_seconds,
        coalesce(busy.milliseconds, 0) AS busy_milliseconds
    FROM books.shared_charges
    INNER JOIN driver USING (allocation_no)
    LEFT JOIN busy USING (allocation_no, charge_period_start, charge_period_end)
),

serving_cost AS (
    SELECT
        shares.x_delivery_id,
        shares.x_line,
        shares.x_part,
        sum(effective_cost) AS cost,
        coalesce(sum(effective_cost) FILTER (is_idle), 0) AS idle_cost,
        coalesce(sum(effective_cost) FILTER (is_idle AND model_id IS NOT NULL), 0) AS idle_assigned
    FROM books.shares
    SEMI JOIN serving_charge USING (x_delivery_id, x_line, x_part)
    GROUP BY ALL
),

serving AS (
    SELECT
        'allocation ' || allocation_no AS coverage,
        first_day AS day,
        sum(capacity_seconds) AS capacity_seconds,
        sum(
            CASE
                WHEN period_seconds > 0 THEN busy_milliseconds * capacity_seconds // (period_seconds * 1000)
                ELSE busy_milliseconds // 1000
            END
        ) AS used_seconds,
        CASE WHEN count(DISTINCT billing_currency) = 1 THEN any_value(billing_currency) END AS currency,
        sum(cost) AS cost,
        sum(idle_cost) AS idle_cost,
        sum(idle_assigned) AS idle_assigned
    FROM serving_charge
    INNER JOIN serving_cost USING (x_delivery_id, x_line, x_part)
    GROUP BY allocation_no, first_day
)

SELECT
    pool_no,
    coverage,
    gpu_type,
    resource_id,
    day AS first_day,
    day + 1 AS end_day,
    hours_of_seconds(capacity_seconds) AS capacity_gpu_hours,
    hours_of_seconds(used_seconds) AS used_gpu_hours,
    -- Of hours as they are shown, rounded, so that they add up.
    greatest(hours_of_seconds(capacity_seconds) - hours_of_seconds(used_seconds), 0) AS idle_gpu_hours,
    currency,
    CASE WHEN currency IS NOT NULL THEN cost END AS cost,
    CASE WHEN currency IS NOT NULL THEN idle_cost END AS idle_cost,
    CASE WHEN currency IS NOT NULL THEN idle_assigned END AS idle_assigned
FROM (SELECT * FROM pooled UNION ALL BY NAME SELECT * FROM serving)
