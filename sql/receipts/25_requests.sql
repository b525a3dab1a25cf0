-- The request log: a request is known by its id, or else by its content and its occurrence number within the file, so that
-- across files the maximum count stands.
CREATE OR REPLACE TABLE books.requests AS
WITH version AS (
    SELECT
        requests.*,
        deliveries.source,
        lag(requests.x_content) OVER by_arrival AS content_before
    FROM ledger.requests
    INNER JOIN log.deliveries ON requests.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WINDOW by_arrival AS (
        PARTITION BY deliveries.source, x_key, x_occurrence
        ORDER BY requests.x_delivery_id, requests.x_line
    )
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
WINDOW newest_first AS (
    PARTITION BY source, x_key, x_occurrence, is_duplicate
    ORDER BY x_delivery_id DESC, x_line DESC
)
