-- Every delivery, the newest first, and what became of it. What is open asks for someone.
SELECT
    delivery_id,
    source,
    file,
    status,
    NOT is_outdated AND (status IN ('refused', 'held') OR rows_quarantined > 0) AS is_open,
    received_at,
    set_name,
    set_version,
    rows_read,
    rows_loaded,
    rows_held,
    rows_duplicate,
    rows_quarantined,
    rows_skipped,
    superseded_by,
    coalesce(refused_because, held_because) AS reason,
    warnings,
    sha256
FROM books.deliveries
ORDER BY delivery_id DESC
