-- What a bill says ahead of the day is nobody's until then, since whose it will be is not known: it stands in the month of the bill
-- without a model, and passes from there to those it is split over in the month it falls in. So a closed quarter does not move when
-- a later day is used.
INSERT INTO books.costs BY NAME
WITH ahead AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        costs.source,
        costs.x_basis,
        costs.month,
        CAST(date_trunc('month', coalesce(charges.x_issued_at, charges.charge_period_start)) AS DATE) AS billed_month,
        costs.billing_currency,
        costs.is_converted,
        any_value(costs.fx_rate) AS fx_rate,
        max(costs.share_no) AS share_no,
        any_value(costs.allocated_method_id) AS allocated_method_id,
        sum(costs.billed_cost) AS billed_cost,
        sum(costs.billed) AS billed
    FROM books.costs
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
    WHERE costs.share_no > 0 AND costs.billed_cost <> 0 AND costs.month > billed_month
    GROUP BY ALL
),

passed AS (
    SELECT * EXCLUDE (month, billed_month), billed_month AS month FROM ahead
    UNION ALL BY NAME
    SELECT * EXCLUDE (billed_month) REPLACE (-billed_cost AS billed_cost, -billed AS billed) FROM ahead
)

SELECT
    *,
    'unallocated' AS stage,
    'compute' AS cost_kind,
    FALSE AS is_contested,
    fiscal_quarter(month, getvariable('fiscal_year_start_month')) AS quarter,
    CAST(fiscal_quarter_start(month, getvariable('fiscal_year_start_month')) AS DATE) AS quarter_start,
    CAST(0 AS DECIMAL(38, 20)) AS effective_cost,
    FALSE AS is_idle,
    FALSE AS is_covered,
    FALSE AS is_accrued,
    FALSE AS is_whole,
    FALSE AS is_unpriced,
    FALSE AS is_unconverted,
    CAST(0 AS DECIMAL(38, 20)) AS cost,
    FALSE AS is_training_only
FROM passed
