-- [[capacity]] as charges: GPUs that are paid for by the month, used or not: one charge a UTC day, in cumulative shares of the
-- month, so that its days add up to the month's cost exactly. Without `from` it stands from the month of the first job that could
-- have run on it (of any record, where there is none), without `to` to the end of the month of the last record of any use, and not
-- to today: the books must say the same on any day.
--
-- They come from truecost.toml and not from a delivery: delivery 0, and the line where the entry stands.
CREATE OR REPLACE TABLE books.capacity_charges AS
WITH usage AS (
    SELECT CAST(lower(sku_id) AS VARCHAR) AS gpu_type, charge_period_start, unnest({{covering_pools}}) AS coverage_no
    FROM (
        SELECT * EXCLUDE (x_slot_no), CAST(NULL AS VARCHAR) AS source, 'usage' AS x_basis FROM ledger.charges WHERE FALSE
        UNION ALL BY NAME
        SELECT *, 'usage' AS x_basis FROM books.job_charges
    )
),

used AS (
    SELECT config_capacity.name, min(usage.charge_period_start) AS first_at
    FROM usage
    INNER JOIN config_coverage USING (coverage_no)
    INNER JOIN config_capacity
        ON config_coverage.name = 'capacity ' || config_capacity.name
        AND coalesce(usage.gpu_type = lower(config_capacity.gpu_type), TRUE)
    GROUP BY config_capacity.name
),

-- Every use there is a record of, be it billed or not.
recorded AS (
    SELECT min(first_at) AS first_at, max(last_at) AS last_at
    FROM (
        SELECT min(charge_period_start) AS first_at, max(charge_period_start) AS last_at FROM books.job_charges
        UNION ALL
        SELECT min(charge_period_start), max(charge_period_start) FROM books.labor_charges
        UNION ALL
        SELECT min(charges.charge_period_start), max(charges.charge_period_start)
        FROM ledger.charges
        INNER JOIN books.claims
            ON charges.x_delivery_id = claims.delivery_id AND charges.x_slot_no = claims.slot_no AND claims.status = 'current'
        WHERE charges.charge_category = 'Usage' AND EXISTS (FROM config_capacity)
    )
),

span AS (
    SELECT
        config_capacity.*,
        coalesce(first_day, CAST(date_trunc('month', coalesce(used.first_at, recorded.first_at)) AS DATE)) AS span_start,
        coalesce(last_day, CAST(date_trunc('month', recorded.last_at) + INTERVAL 1 MONTH AS DATE) - 1) AS span_end
    FROM config_capacity
    CROSS JOIN recorded
    LEFT JOIN used ON config_capacity.name = used.name
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
    gpus || ' × ' || gpu_type || ', ' || without_zeros(monthly_cost) || ' ' || currency
    || ' a month' AS charge_description,
    CAST(used_on AS TIMESTAMP) AS charge_period_start,
    CAST(used_on + 1 AS TIMESTAMP) AS charge_period_end,
    name AS resource_id,
    'GPU cluster' AS resource_type,
    lower(gpu_type) AS sku_id,
    CAST(gpus * 24 AS DECIMAL(38, 20)) AS consumed_quantity,
    'GPU-Hours' AS consumed_unit,
    currency AS billing_currency,
    CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
    from_units(
        month_units * (date_diff('day', month_start, used_on) + 1) // month_days
        - month_units * date_diff('day', month_start, used_on) // month_days
    ) AS effective_cost
FROM part
