-- The request log: a request is known by its id, or else by its content and its occurrence number within the file, so that
-- across files the maximum count stands. The log is long and few of its rows come twice: only those are told apart and kept
-- here; 26_requests says of the rest that it is current.
CREATE OR REPLACE TABLE books.repeated_requests AS
WITH keyed AS NOT MATERIALIZED (
    SELECT
        request_deliveries.source,
        requests.x_key,
        requests.x_occurrence,
        requests.x_delivery_id,
        requests.x_line,
        requests.x_content,
        hash(request_deliveries.source, requests.x_key, requests.x_occurrence) AS key_hash
    FROM ledger.requests
    INNER JOIN books.request_deliveries ON requests.x_delivery_id = request_deliveries.delivery_id
),

-- A hash is counted faster than a text; what only shares its hash is told apart below.
repeated AS (
    SELECT key_hash FROM keyed GROUP BY key_hash HAVING count(*) > 1
),

version AS (
    SELECT *, lag(x_content) OVER by_arrival AS content_before
    FROM keyed
    SEMI JOIN repeated USING (key_hash)
    WINDOW by_arrival AS (PARTITION BY source, x_key, x_occurrence ORDER BY x_delivery_id, x_line)
),

told_apart AS (
    SELECT * EXCLUDE (content_before), (content_before IS NOT DISTINCT FROM x_content) AS is_duplicate
    FROM version
),

judged AS (
    SELECT
        x_delivery_id,
        x_line,
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
)

SELECT x_delivery_id, x_line, status FROM judged WHERE status <> 'current'
