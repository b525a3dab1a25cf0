SELECT
    count(*) AS files,
    CAST(sum(rows_read) AS BIGINT) AS rows_read,
    CAST(sum(rows_loaded) AS BIGINT) AS rows_loaded,
    CAST(sum(rows_quarantined) AS BIGINT) AS rows_quarantined,
    CAST(sum(rows_duplicate) AS BIGINT) AS rows_duplicate,
    CAST(sum(rows_skipped) AS BIGINT) AS rows_skipped
FROM deliveries
