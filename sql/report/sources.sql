-- What each source has brought so far.
SELECT
    source,
    count(DISTINCT file) AS files,
    CAST(sum(rows_loaded) AS BIGINT) AS rows_loaded,
    CAST(coalesce(sum(rows_quarantined) FILTER (NOT is_outdated), 0) AS BIGINT) AS rows_quarantined,
    max(received_at) AS last_received_at
FROM books.deliveries
GROUP BY source
