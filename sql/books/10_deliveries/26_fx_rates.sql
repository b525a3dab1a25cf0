-- Exchange rates, the latest landed of a day being current.
CREATE OR REPLACE TABLE books.fx_days AS
WITH version AS (
    SELECT
        fx_rates.*,
        deliveries.source,
        lag(fx_rates.x_content) OVER by_arrival AS content_before
    FROM ledger.fx_rates
    INNER JOIN log.deliveries ON fx_rates.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WINDOW by_arrival AS (PARTITION BY rate_date ORDER BY fx_rates.x_delivery_id, fx_rates.x_line)
),

told_apart AS (
    SELECT * EXCLUDE (content_before), content_before IS NOT DISTINCT FROM x_content AS is_duplicate
    FROM version
)

SELECT
    *,
    CASE
        WHEN is_duplicate THEN 'duplicate'
        WHEN row_number() OVER newest_first = 1 THEN 'current'
        ELSE 'superseded'
    END AS status
FROM told_apart
WINDOW newest_first AS (PARTITION BY rate_date, is_duplicate ORDER BY x_delivery_id DESC, x_line DESC)
