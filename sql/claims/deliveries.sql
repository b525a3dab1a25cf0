-- Every delivery, the newest first, and what became of it. What is open asks for someone.
WITH waiting AS (
    SELECT
        delivery_id,
        string_agg(
            DISTINCT CASE held_form
                WHEN 'shrunk' THEN 'loses ' || lost
                WHEN 'invoice' THEN 'the invoice is held already, with other lines'
                ELSE 'another delivery holds what it claims'
            END, '; '
        ) AS reason
    FROM books.claims
    WHERE status = 'held'
    GROUP BY delivery_id
)

SELECT
    deliveries.delivery_id,
    deliveries.source,
    deliveries.file,
    deliveries.status,
    NOT deliveries.is_outdated AND (
        deliveries.status IN ('refused', 'held') OR deliveries.rows_quarantined > 0
    ) AS is_open,
    deliveries.received_at,
    deliveries.set_name,
    deliveries.set_version,
    deliveries.rows_read,
    deliveries.rows_loaded,
    deliveries.rows_held,
    deliveries.rows_duplicate,
    deliveries.rows_quarantined,
    deliveries.rows_skipped,
    deliveries.superseded_by,
    coalesce(deliveries.refused_because, deliveries.held_because, waiting.reason) AS reason,
    deliveries.warnings,
    deliveries.sha256
FROM books.deliveries
LEFT JOIN waiting USING (delivery_id)
ORDER BY deliveries.delivery_id DESC
