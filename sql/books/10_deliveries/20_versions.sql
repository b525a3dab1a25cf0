-- Rows that are known by a natural key: the latest landed record of a key is current, and a record with the same content as
-- the one before is a duplicate. Run for each dataset that keeps versions (truecost/books/receipts.py), with its tables and
-- its key. Rows that stand on one line of a file are ordered by their content.
CREATE OR REPLACE TABLE {{books_table}} AS
WITH told AS (
    SELECT record.*, deliveries.source
    FROM {{ledger_table}} AS record
    INNER JOIN log.deliveries ON record.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
),

version AS (
    SELECT *, lag(x_content) OVER by_arrival AS content_before
    FROM told
    WINDOW by_arrival AS (PARTITION BY {{natural_key}} ORDER BY x_delivery_id, x_line, x_content)
),

told_apart AS (
    SELECT * EXCLUDE (content_before), (content_before IS NOT DISTINCT FROM x_content) AS is_duplicate
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
WINDOW newest_first AS (
    PARTITION BY {{natural_key}}, is_duplicate
    ORDER BY x_delivery_id DESC, x_line DESC, x_content DESC
)
