-- Each charge's cost by month, in the reporting currency: what every figure adds up.
--
-- An invoice line's effective cost is spread over its service period by UTC day (cumulative shares, so the months add up
-- to the line exactly) and its billed cost stands in the month of issue; any other charge stands in the month it starts.
-- `cost` is what counts as true cost: NULL where it can't be known (no price, no rate, covered usage), 0 for recoverable tax.
CREATE OR REPLACE TABLE books.costs AS
WITH charge AS (
    SELECT
        charges.x_delivery_id,
        charges.x_line,
        charges.x_part,
        charges.source,
        charges.x_basis,
        charges.billing_currency,
        charges.billed_cost,
        charges.effective_cost,
        charges.charge_category,
        CAST(date_trunc('month', coalesce(charges.x_issued_at, charges.charge_period_start)) AS DATE) AS billed_month,
        charges.x_issued_at IS NOT NULL AS is_prorated,
        CAST(charges.charge_period_start AS DATE) AS first_day,
        CAST(charges.charge_period_end AS DATE) AS end_day
    FROM books.charges
),

whole AS (
    SELECT x_delivery_id, x_line, x_part, billed_month AS month, billed_cost, effective_cost
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
        month,
        CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
        from_units(
            to_units(effective_cost) * date_diff('day', first_day, least(CAST(month + INTERVAL 1 MONTH AS DATE), end_day))
            // date_diff('day', first_day, end_day)
            - to_units(effective_cost) * date_diff('day', first_day, greatest(month, first_day))
            // date_diff('day', first_day, end_day)
        ) AS effective_cost
    FROM service_month
),

issued AS (
    SELECT x_delivery_id, x_line, x_part, billed_month AS month, billed_cost, CAST(0 AS DECIMAL(38, 20)) AS effective_cost
    FROM charge
    WHERE is_prorated
),

by_month AS (
    SELECT x_delivery_id, x_line, x_part, month, sum(billed_cost) AS billed_cost, sum(effective_cost) AS effective_cost
    FROM (SELECT * FROM whole UNION ALL SELECT * FROM spread UNION ALL SELECT * FROM issued)
    GROUP BY x_delivery_id, x_line, x_part, month
)

SELECT
    by_month.x_delivery_id,
    by_month.x_line,
    by_month.x_part,
    charge.source,
    charge.x_basis,
    attribution.model_id,
    attribution.activity,
    attribution.round,
    attribution.stage,
    attribution.cost_kind,
    attribution.run_id,
    attribution.rule_no,
    attribution.is_contested,
    by_month.month,
    fiscal_quarter(by_month.month, getvariable('fiscal_year_start_month')) AS quarter,
    CAST(fiscal_quarter_start(by_month.month, getvariable('fiscal_year_start_month')) AS DATE) AS quarter_start,
    charge.billing_currency,
    by_month.billed_cost,
    by_month.effective_cost,
    attribution.is_covered,
    by_month.effective_cost IS NULL AS is_unpriced,
    coalesce(charge.billing_currency <> getvariable('reporting_currency'), FALSE) AS is_unconverted,
    CASE
        WHEN attribution.is_covered OR is_unconverted THEN NULL
        WHEN charge.charge_category = 'Tax' AND getvariable('tax') = 'recoverable' THEN CAST(0 AS DECIMAL(38, 20))
        ELSE by_month.effective_cost
    END AS cost,
    CASE WHEN NOT is_unconverted THEN by_month.billed_cost END AS billed,
    attribution.run_id IS NOT NULL AND attribution.activity = 'training' AND attribution.cost_kind = 'compute' AS is_training_only
FROM by_month
INNER JOIN charge USING (x_delivery_id, x_line, x_part)
INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
