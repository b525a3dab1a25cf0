-- What each pool of GPUs provided, what was used of it and what stood idle, with its cost.
CREATE OR REPLACE TABLE books.gpu_use AS
WITH provided AS (
    SELECT
        pool_no,
        coverage_no,
        pool_gpu_type AS gpu_type,
        pool_resource_id AS resource_id,
        first_day,
        end_day,
        sum(capacity_seconds) AS capacity_seconds
    FROM books.shared_charges
    WHERE pool_no IS NOT NULL
    GROUP BY ALL
),

used AS (
    SELECT pool_no, sum(used_seconds) AS used_seconds FROM books.pool_usage GROUP BY pool_no
),

-- In the currency of the bills: a pool has one, or its costs are not added up.
costed AS (
    SELECT
        shares.pool_no,
        CASE WHEN count(DISTINCT charges.billing_currency) = 1 THEN any_value(charges.billing_currency) END AS currency,
        sum(shares.effective_cost) AS cost,
        coalesce(sum(shares.effective_cost) FILTER (is_idle), 0) AS idle_cost,
        coalesce(sum(shares.effective_cost) FILTER (is_idle AND model_id IS NOT NULL), 0) AS idle_assigned
    FROM books.shares
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
    WHERE shares.pool_no IS NOT NULL
    GROUP BY shares.pool_no
)

SELECT
    pool_no,
    config_coverage.name AS coverage,
    provided.gpu_type,
    resource_id,
    first_day,
    end_day,
    hours_of_seconds(capacity_seconds) AS capacity_gpu_hours,
    hours_of_seconds(coalesce(used_seconds, 0)) AS used_gpu_hours,
    hours_of_seconds(greatest(capacity_seconds - coalesce(used_seconds, 0), 0)) AS idle_gpu_hours,
    currency,
    CASE WHEN currency IS NOT NULL THEN cost END AS cost,
    CASE WHEN currency IS NOT NULL THEN idle_cost END AS idle_cost,
    CASE WHEN currency IS NOT NULL THEN idle_assigned END AS idle_assigned
FROM provided
INNER JOIN config_coverage USING (coverage_no)
LEFT JOIN used USING (pool_no)
LEFT JOIN costed USING (pool_no)
