-- What charges in other currencies need: the rate of their day, or of the last day before it that has one and is no older than
-- [fx] allows: no rate is set on weekends and holidays. A rate is two whole numbers of 1e-8 per euro: the amount times the one,
-- by the other, is exact before its single rounding.
CREATE OR REPLACE TABLE books.fx AS
WITH need AS (
    SELECT DISTINCT billing_currency AS currency, CAST(coalesce(x_issued_at, charge_period_start) AS DATE) AS day
    FROM books.charges
    WHERE billing_currency <> getvariable('reporting_currency')
),

pair AS (
    SELECT own.currency, own.rate_date, own.rate AS own_rate, reporting.rate AS reporting_rate
    FROM books.fx_rates AS own
    INNER JOIN books.fx_rates AS reporting USING (rate_date)
    WHERE reporting.currency = getvariable('reporting_currency')
)

SELECT
    need.currency,
    need.day,
    pair.rate_date,
    to_units(pair.own_rate) // 1000000000000 AS own_units,
    to_units(pair.reporting_rate) // 1000000000000 AS reporting_units,
    converted(CAST(1 AS DECIMAL(38, 20)), own_units, reporting_units) AS fx_rate
FROM need
INNER JOIN pair
    ON need.currency = pair.currency
    AND pair.rate_date <= need.day
    AND pair.rate_date >= need.day - getvariable('fx_max_age_days')
QUALIFY row_number() OVER (PARTITION BY need.currency, need.day ORDER BY pair.rate_date DESC) = 1
