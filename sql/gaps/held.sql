-- Slots that a file claims and another holds: a billing period, an invoice.
SELECT
    deliveries.source,
    deliveries.file,
    claims.slot,
    CASE WHEN deliveries.dataset = 'invoices' THEN 'invoice' ELSE 'period' END AS form
FROM books.claims
INNER JOIN books.deliveries USING (delivery_id)
WHERE claims.status = 'held' AND NOT deliveries.is_outdated
