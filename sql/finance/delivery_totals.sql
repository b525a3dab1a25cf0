-- What came in, added up: a row a source, and one over all of them.
-- source: the source; NULL for all of them together
-- files: how many files
-- rows_read: rows they held
-- rows_loaded: rows in the ledger, current or superseded
-- rows_quarantined: rows that failed an expectation
-- rows_duplicate: rows already held with the same content
-- rows_held: rows that wait for a decision, or were rejected
-- rows_skipped: rows the format says to skip
SELECT
    source,
    count(*) AS files,
    CAST(coalesce(sum(rows_read), 0) AS BIGINT) AS rows_read,
    CAST(coalesce(sum(rows_loaded), 0) AS BIGINT) AS rows_loaded,
    CAST(coalesce(sum(rows_quarantined), 0) AS BIGINT) AS rows_quarantined,
    CAST(coalesce(sum(rows_duplicate), 0) AS BIGINT) AS rows_duplicate,
    CAST(coalesce(sum(rows_held), 0) AS BIGINT) AS rows_held,
    CAST(coalesce(sum(rows_skipped), 0) AS BIGINT) AS rows_skipped
FROM books.deliveries
GROUP BY GROUPING SETS ((source), ())
ORDER BY source NULLS LAST
