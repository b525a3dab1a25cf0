-- Training runs as last told.
CREATE OR REPLACE TABLE books.run_versions AS
WITH version AS (
    SELECT
        training_runs.*,
        deliveries.source,
        lag(training_runs.x_content) OVER by_arrival AS content_before
    FROM ledger.training_runs
    INNER JOIN log.deliveries ON training_runs.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WINDOW by_arrival AS (PARTITION BY run_id ORDER BY training_runs.x_delivery_id, training_runs.x_line)
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
WINDOW newest_first AS (PARTITION BY run_id, is_duplicate ORDER BY x_delivery_id DESC, x_line DESC)
