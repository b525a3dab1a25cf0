-- What each charge has to do with pools of GPUs, day by day: bills provide and cost, jobs use. A charge that [[allocations]] split by
-- busy GPU seconds provides, costs and is used on the day it starts: calls have no charge of their own.
CREATE OR REPLACE TABLE books.gpu_use_charges AS
WITH provided AS (
    SELECT
        pool_no,
        x_delivery_id,
        x_line,
        x_part,
        is_unused,
        CAST(sum(capacity_seconds) AS HUGEINT) AS capacity_seconds
    FROM books.pool_days
    GROUP BY ALL
),

costed AS (
    SELECT
        pool_no,
        allocation_no,
        shares.x_delivery_id,
        shares.x_line,
        shares.x_part,
        any_value(shares.billing_currency) AS currency,
        CAST(sum(shares.effective_cost) AS DECIMAL(38, 20)) AS cost,
        CAST(coalesce(sum(shares.effective_cost) FILTER (shares.is_idle), 0) AS DECIMAL(38, 20)) AS idle_cost,
        CAST(
            coalesce(sum(shares.effective_cost) FILTER (shares.is_idle AND shares.model_id IS NOT NULL), 0) AS DECIMAL(38, 20)
        ) AS idle_assigned
    FROM books.shares
    INNER JOIN books.shared_charges USING (x_delivery_id, x_line, x_part)
    GROUP BY ALL
),

pool AS (
    SELECT DISTINCT pool_no, coverage_no, pool_gpu_type AS gpu_type, pool_resource_id AS resource_id, day
    FROM books.pool_days
),

pooled AS (
    SELECT
        provided.*,
        CAST(NULL AS HUGEINT) AS used_seconds,
        costed.currency,
        costed.cost,
        costed.idle_cost,
        costed.idle_assigned
    FROM provided
    LEFT JOIN costed USING (pool_no, x_delivery_id, x_line, x_part)
    UNION ALL BY NAME
    SELECT pool_no, x_delivery_id, x_line, x_part, CAST(used_seconds AS HUGEINT) AS used_seconds
    FROM books.pool_usage
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
)

SELECT
    pooled.*,
    config_coverage.name AS coverage,
    pool.gpu_type,
    pool.resource_id,
    pool.day
FROM pooled
INNER JOIN pool USING (pool_no)
INNER JOIN config_coverage USING (coverage_no)
UNION ALL BY NAME
SELECT
    serving_charge.x_delivery_id,
    serving_charge.x_line,
    serving_charge.x_part,
    'allocation ' || serving_charge.allocation_no AS coverage,
    serving_charge.first_day AS day,
    CAST(serving_charge.capacity_seconds AS HUGEINT) AS capacity_seconds,
    CAST(
        CASE
            WHEN period_seconds > 0 THEN busy_milliseconds * capacity_seconds // (period_seconds * 1000)
            ELSE busy_milliseconds // 1000
        END AS HUGEINT
    ) AS used_seconds,
    costed.currency,
    costed.cost,
    costed.idle_cost,
    costed.idle_assigned
FROM serving_charge
INNER JOIN costed USING (allocation_no, x_delivery_id, x_line, x_part)
