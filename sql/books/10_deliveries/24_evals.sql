-- Eval scores: the latest landed score of a version, task, metric and time is current.
CREATE OR REPLACE TABLE books.evals AS
WITH version AS (
    SELECT
        evals.*,
        deliveries.source,
        lag(evals.x_content) OVER by_arrival AS content_before
    FROM ledger.evals
    INNER JOIN log.deliveries ON evals.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WINDOW by_arrival AS (
        PARTITION BY model_id, model_version, task, metric, evaluated_at
        ORDER BY evals.x_delivery_id, evals.x_line
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
    PARTITION BY model_id, model_version, task, metric, evaluated_at, is_duplicate
    ORDER BY x_delivery_id DESC, x_line DESC
)
