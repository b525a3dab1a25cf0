-- Staff time: exports name no entry, so an entry is known by who, when, project and task; the latest landed version is
-- current. Its text is part of the key only where the tool gives no start time (Harvest), so that elsewhere an edited
-- text is a new version and not a second entry. `x_occurrence` tells entries of one file apart that share a key.
CREATE OR REPLACE TABLE books.worklogs AS
WITH version AS (
    SELECT
        worklogs.*,
        deliveries.source,
        CASE WHEN deliveries.format_version = 'Harvest' THEN description END AS key_text,
        lag(worklogs.x_content) OVER by_arrival AS content_before
    FROM ledger.worklogs
    INNER JOIN log.deliveries ON worklogs.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WINDOW by_arrival AS (
        PARTITION BY deliveries.source, person, started_at, project, task, key_text, x_occurrence
        ORDER BY worklogs.x_delivery_id, worklogs.x_line
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
    PARTITION BY source, person, started_at, project, task, key_text, x_occurrence, is_duplicate
    ORDER BY x_delivery_id DESC, x_line DESC
)
