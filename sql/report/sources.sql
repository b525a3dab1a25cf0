-- What each source has brought so far, and what became of its files as last delivered.
SELECT
    source,
    count(DISTINCT file) AS files,
    CAST(sum(rows_loaded) AS BIGINT) AS rows_loaded,
    CAST(coalesce(sum(rows_quarantined) FILTER (NOT is_outdated), 0) AS BIGINT) AS rows_quarantined,
    max(received_at) AS last_received_at,
    count(DISTINCT file) FILTER (status = 'refused' AND NOT is_outdated) AS files_refused,
    count(DISTINCT file) FILTER (status = 'held' AND NOT is_outdated) AS files_held,
    count(DISTINCT file) FILTER (status = 'duplicate' AND NOT is_outdated) AS files_duplicate,
    CAST(coalesce(sum(rows_held) FILTER (NOT is_outdated), 0) AS BIGINT) AS rows_held
FROM books.deliveries
GROUP BY source
