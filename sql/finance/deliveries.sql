-- Every file as received: rows_read = rows_loaded + rows_quarantined + rows_duplicate + rows_held + rows_skipped.
-- delivery_id: numbered in the order received
-- source: the source it belongs to
-- file: its path in the workspace
-- format: its format
-- format_version: the version of the format
-- sha256: of its content
-- size_bytes: its size
-- received_at: when it was landed, UTC
-- status: loaded, superseded, duplicate, held, rejected or refused
-- reason: why it was refused, or not let in yet
-- rows_read: rows of the file
-- rows_loaded: rows in the ledger, current or superseded
-- rows_quarantined: rows that failed an expectation, in `quarantine`
-- rows_duplicate: rows already held with the same content
-- rows_held: rows that wait for a decision, or were rejected: they count for nothing
-- rows_skipped: rows the format says to skip
-- rows_unreadable: rows with an amount that can't be read, in no control total
-- rows_rounded: rows with an amount of more than 20 fraction digits
-- superseded_by: the delivery that took its place
-- warnings: what is odd but not wrong
SELECT
    delivery_id,
    source,
    file,
    format,
    format_version,
    sha256,
    size_bytes,
    received_at,
    status,
    coalesce(refused_because, held_because) AS reason,
    rows_read,
    rows_loaded,
    rows_quarantined,
    rows_duplicate,
    rows_held,
    rows_skipped,
    rows_unreadable,
    rows_rounded,
    superseded_by,
    warnings
FROM books.deliveries
ORDER BY delivery_id
