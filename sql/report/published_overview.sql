-- What each source had brought when it was last published.
WITH latest AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY source, file ORDER BY delivery_id DESC) = 1 AS is_latest
    FROM deliveries
)

SELECT
    source,
    count(DISTINCT file) AS files,
    CAST(sum(rows_loaded) AS BIGINT) AS rows_loaded,
    CAST(coalesce(sum(rows_quarantined) FILTER (is_latest), 0) AS BIGINT) AS rows_quarantined,
    max(received_at) AS last_received_at,
    count(DISTINCT file) FILTER (is_latest AND status = 'refused') AS files_refused,
    count(DISTINCT file) FILTER (is_latest AND status = 'held') AS files_held,
    count(DISTINCT file) FILTER (is_latest AND status = 'duplicate') AS files_duplicate,
    CAST(coalesce(sum(rows_held) FILTER (is_latest), 0) AS BIGINT) AS rows_held
FROM latest
GROUP BY source
