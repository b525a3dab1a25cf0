-- Each charge's cost by month, in the reporting currency: what every figure adds up. A charge in another currency is converted
-- whole, at the rate of its day (an invoice: its day of issue), and then spread, so that its months add up to it.
--
-- An invoice line's effective cost is spread over its service period by UTC day (cumulative shares, so the months add up
-- to the line exactly) and its billed cost stands in the month of issue; any other charge stands in the month it starts.
-- A charge that is split stands here share by share. `cost` is what counts as true cost: NULL where it can't be known (no
-- price, no rate), 0 for recoverable tax, and 0 for usage that a bill covers: its cost is its share of the bill.
CREATE OR REPLACE TABLE books.costs AS
WITH covered AS (
    SELECT DISTINCT x_delivery_id, x_line, x_part FROM books.pool_usage
),

accrued AS (
    SELECT DISTINCT coverable_usage.x_delivery_id, coverable_usage.x_line, coverable_usage.x_part
    FROM books.coverable_usage
    INNER JOIN config_coverage USING (coverage_no)
    ANTI JOIN covered USING (x_delivery_id, x_line, x_part)
    WHERE NOT config_coverage.is_capacity
),

share AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        0 AS share_no,
        model_id,
        activity,
        round,
        stage,
        cost_kind,
        run_id,
        rule_no,
        is_contested,
        FALSE AS is_idle,
        CAST(NULL AS VARCHAR) AS allocated_method_id,
        CAST(NULL AS VARCHAR) AS allocated_method_details,
        CAST(NULL AS DECIMAL(38, 20)) AS share_billed,
        CAST(NULL AS DECIMAL(38, 20)) AS share_effective
    FROM books.attribution
    ANTI JOIN books.shares USING (x_delivery_id, x_line, x_part)
    UNION ALL
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        share_no,
        model_id,
        activity,
        round,
        stage,
        cost_kind,
        run_id,
        NULL AS rule_no,
        FALSE AS is_contested,
        is_idle,
        allocated_method_id,
        allocated_method_details,
        billed_cost,
        effective_cost
    FROM books.shares
),

counted AS (
    SELECT
        share.*,
        charges.source,
        charges.x_basis,
        charges.billing_currency,
        CASE WHEN share_no = 0 THEN charges.billed_cost ELSE share_billed END AS billed_cost,
        CASE WHEN share_no = 0 THEN charges.effective_cost ELSE share_effective END AS effective_cost,
        covered.x_delivery_id IS NOT NULL AS is_covered,
        accrued.x_delivery_id IS NOT NULL AS is_accrued,
        charges.charge_category,
        CAST(date_trunc('month', coalesce(charges.x_issued_at, charges.charge_period_start)) AS DATE) AS billed_month,
        charges.x_issued_at IS NOT NULL AS is_prorated,
        CAST(charges.charge_period_start AS DATE) AS first_day,
        CAST(charges.charge_period_end AS DATE) AS end_day,
        fx.fx_rate,
        fx.fx_rate IS NOT NULL AS is_converted,
        coalesce(charges.billing_currency <> getvariable('reporting_currency') AND fx.fx_rate IS NULL, FALSE) AS is_unconverted,
        fx.own_units,
        fx.reporting_units
    FROM books.charges
    INNER JOIN share USING (x_delivery_id, x_line, x_part)
    LEFT JOIN covered USING (x_delivery_id, x_line, x_part)
    LEFT JOIN accrued USING (x_delivery_id, x_line, x_part)
    LEFT JOIN books.fx
        ON charges.billing_currency = fx.currency
        AND CAST(coalesce(charges.x_issued_at, charges.charge_period_start) AS DATE) = fx.day
),

charge AS (
    SELECT
        *,
        CASE WHEN is_converted THEN converted(billed_cost, own_units, reporting_units) ELSE billed_cost END AS billed,
        CASE WHEN is_converted THEN converted(effective_cost, own_units, reporting_units) ELSE effective_cost END AS effective
    FROM counted
),

whole AS (
    SELECT x_delivery_id, x_line, x_part, share_no, billed_month AS month, billed_cost, effective_cost, billed, effective
    FROM charge
    WHERE NOT is_prorated
),

service_month AS (
    SELECT
        *,
        CAST(unnest(generate_series(date_trunc('month', first_day), end_day - INTERVAL 1 DAY, INTERVAL 1 MONTH)) AS DATE) AS month
    FROM charge
    WHERE is_prorated
),

spread AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        share_no,
        month,
        CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
        spread_over_days(effective_cost, first_day, end_day, month) AS effective_cost,
        CAST(0 AS DECIMAL(38, 20)) AS billed,
        spread_over_days(effective, first_day, end_day, month) AS effective
    FROM service_month
),

issued AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        share_no,
        billed_month AS month,
        billed_cost,
        CAST(0 AS DECIMAL(38, 20)) AS effective_cost,
        billed,
        CAST(0 AS DECIMAL(38, 20)) AS effective
    FROM charge
    WHERE is_prorated
),

by_month AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        share_no,
        month,
        sum(billed_cost) AS billed_cost,
        sum(effective_cost) AS effective_cost,
        sum(billed) AS billed,
        sum(effective) AS effective
    FROM (SELECT * FROM whole UNION ALL SELECT * FROM spread UNION ALL SELECT * FROM issued)
    GROUP BY x_delivery_id, x_line, x_part, share_no, month
)

SELECT
    by_month.x_delivery_id,
    by_month.x_line,
    by_month.x_part,
    by_month.share_no,
    charge.source,
    charge.x_basis,
    charge.model_id,
    charge.activity,
    charge.round,
    charge.stage,
    charge.cost_kind,
    charge.run_id,
    charge.rule_no,
    charge.is_contested,
    by_month.month,
    fiscal_quarter(by_month.month, getvariable('fiscal_year_start_month')) AS quarter,
    CAST(fiscal_quarter_start(by_month.month, getvariable('fiscal_year_start_month')) AS DATE) AS quarter_start,
    charge.billing_currency,
    by_month.billed_cost,
    by_month.effective_cost,
    charge.is_idle,
    charge.is_covered,
    charge.is_accrued,
    charge.allocated_method_id,
    charge.allocated_method_details,
    by_month.effective_cost IS NULL AND NOT charge.is_covered AS is_unpriced,
    charge.is_unconverted,
    charge.is_converted,
    charge.fx_rate,
    CASE
        WHEN charge.is_covered THEN CAST(0 AS DECIMAL(38, 20))
        WHEN charge.is_unconverted THEN NULL
        WHEN charge.charge_category = 'Tax' AND getvariable('tax') = 'recoverable' THEN CAST(0 AS DECIMAL(38, 20))
        ELSE by_month.effective
    END AS cost,
    CASE WHEN NOT charge.is_unconverted THEN by_month.billed END AS billed,
    charge.run_id IS NOT NULL AND charge.activity = 'training' AND charge.cost_kind = 'compute' AND NOT charge.is_idle
        AS is_training_only
FROM by_month
INNER JOIN charge USING (x_delivery_id, x_line, x_part, share_no)
