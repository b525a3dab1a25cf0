SELECT
    count(*) AS files,
    CAST(coalesce(sum(rows_read), 0) AS BIGINT) AS rows_read,
    CAST(coalesce(sum(rows_loaded), 0) AS BIGINT) AS rows_loaded,
    CAST(coalesce(sum(rows_quarantined), 0) AS BIGINT) AS rows_quarantined,
    CAST(coalesce(sum(rows_duplicate), 0) AS BIGINT) AS rows_duplicate,
    CAST(coalesce(sum(rows_skipped), 0) AS BIGINT) AS rows_skipped
FROM deliveries
