-- Versions of a model registry: as last told, and as told before; `is_promoted` where they stood in Production, or under one of the
-- source's `promoted_aliases`. Several may stand on one line of a file: their content orders them then.
CREATE OR REPLACE TABLE books.model_versions AS
WITH version AS (
    SELECT
        model_versions.*,
        deliveries.source,
        coalesce(lower(model_versions.stage) = 'production', FALSE)
        OR list_has_any(model_versions.aliases, config_sources.promoted_aliases) AS is_promoted,
        lag(model_versions.x_content) OVER by_arrival AS content_before
    FROM ledger.model_versions
    INNER JOIN log.deliveries ON model_versions.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WINDOW by_arrival AS (
        PARTITION BY deliveries.source, registered_model, registered_version
        ORDER BY model_versions.x_delivery_id, model_versions.x_line, model_versions.x_content
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
    PARTITION BY source, registered_model, registered_version, is_duplicate
    ORDER BY x_delivery_id DESC, x_line DESC, x_content DESC
)
