-- The rates of currencies per euro by day, as the source of rates has them; a euro is one. Of rows that tell the same currency of a
-- day, the latest landed holds.
CREATE OR REPLACE TABLE books.fx_rates AS
WITH entry AS (
    SELECT rate_date, x_delivery_id, x_line, unnest(rates) AS quoted
    FROM books.fx_days
    WHERE status = 'current'
),

told AS (
    SELECT rate_date, quoted.currency, parse_amount(quoted.rate) AS rate, x_delivery_id, x_line
    FROM entry
    UNION ALL
    SELECT rate_date, 'EUR', CAST(1 AS DECIMAL(38, 20)), x_delivery_id, x_line
    FROM books.fx_days
    WHERE status = 'current'
)

SELECT *
FROM told
QUALIFY row_number() OVER (PARTITION BY rate_date, currency ORDER BY x_delivery_id DESC, x_line DESC) = 1
