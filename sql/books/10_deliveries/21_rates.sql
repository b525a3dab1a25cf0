-- Prices of a GPU hour, the latest landed price for a type, currency and first day being current.
CREATE OR REPLACE TABLE books.rates AS
WITH version AS (
    SELECT
        rates.*,
        deliveries.source,
        lag(rates.x_content) OVER by_arrival AS content_before
    FROM ledger.rates
    INNER JOIN log.deliveries ON rates.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WINDOW by_arrival AS (PARTITION BY gpu_type, currency, valid_from ORDER BY rates.x_delivery_id, rates.x_line)
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
WINDOW newest_first AS (PARTITION BY gpu_type, currency, valid_from, is_duplicate ORDER BY x_delivery_id DESC, x_line DESC)
