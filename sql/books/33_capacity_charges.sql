-- [[capacity]] as charges: GPUs that are paid for by the month, used or not: one charge a UTC day, in cumulative shares of the
-- month, so that its days add up to the month's cost exactly. Without `from` and `to` it stands from the month of the first
-- job of its GPU type to the end of the month of the last, and not to today: the books must say the same on any day.
--
-- They come from truecost.toml and not from a delivery: delivery 0, and the line where the entry stands.
CREATE OR REPLACE TABLE books.capacity_charges AS
WITH used AS (
    SELECT sku_id AS gpu_type, min(charge_period_start) AS first_at, max(charge_period_start) AS last_at
    FROM books.job_charges
    GROUP BY sku_id
),

span AS (
    SELECT
        config_capacity.*,
        coalesce(first_day, CAST(date_trunc('month', used.first_at) AS DATE)) AS span_start,
        coalesce(last_day, CAST(date_trunc('month', used.last_at) + INTERVAL 1 MONTH AS DATE) - 1) AS span_end
    FROM config_capacity
    LEFT JOIN used USING (gpu_type)
),

day AS (
    SELECT *, CAST(unnest(generate_series(span_start, span_end, INTERVAL 1 DAY)) AS DATE) AS used_on
    FROM span
    WHERE span_start <= span_end
),

part AS (
    SELECT
        *,
        CAST(date_trunc('month', used_on) AS DATE) AS month_start,
        date_diff('day', month_start, CAST(month_start + INTERVAL 1 MONTH AS DATE)) AS month_days,
        to_units(monthly_cost) AS month_units
    FROM day
)

SELECT
    '[[capacity]]' AS source,
    0 AS x_delivery_id,
    CAST(line AS BIGINT) AS x_line,
    CAST(row_number() OVER (PARTITION BY line ORDER BY used_on) AS INTEGER) - 1 AS x_part,
    name AS provider_name,
    'Usage' AS charge_category,
    'Compute' AS service_category,
    'GPU capacity' AS service_name,
    gpus || ' × ' || gpu_type || ', ' || rtrim(rtrim(CAST(monthly_cost AS VARCHAR), '0'), '.') || ' ' || currency
    || ' a month' AS charge_description,
    CAST(used_on AS TIMESTAMP) AS charge_period_start,
    CAST(used_on + 1 AS TIMESTAMP) AS charge_period_end,
    name AS resource_id,
    'GPU cluster' AS resource_type,
    gpu_type AS sku_id,
    CAST(gpus * 24 AS DECIMAL(38, 20)) AS consumed_quantity,
    'GPU-Hours' AS consumed_unit,
    currency AS billing_currency,
    CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
    from_units(
        month_units * (date_diff('day', month_start, used_on) + 1) // month_days
        - month_units * date_diff('day', month_start, used_on) // month_days
    ) AS effective_cost
FROM part
