-- Slots that a file claims and another holds: a billing period, an invoice.
SELECT
    deliveries.source,
    deliveries.delivery_id,
    deliveries.file,
    claims.slot,
    CASE WHEN deliveries.dataset = 'invoices' THEN 'invoice' ELSE 'period' END AS form,
    held.model_id,
    coalesce(held.is_unclaimed, FALSE) AS is_unclaimed,
    held.quarter,
    1 AS pieces,
    coalesce(held.is_cost, TRUE) AS is_cost,
    coalesce(held.is_lower_bound, TRUE) AS is_lower_bound
FROM books.claims
INNER JOIN books.deliveries USING (delivery_id)
LEFT JOIN (
    SELECT
        delivery_id,
        slot,
        model_id,
        is_unclaimed,
        quarter,
        bool_or(is_cost) AS is_cost,
        bool_or(is_lower_bound) AS is_lower_bound
    FROM absent_quarters
    WHERE kind = 'held'
    GROUP BY ALL
) AS held
    ON claims.delivery_id = held.delivery_id AND claims.slot = held.slot
WHERE claims.status = 'held' AND NOT deliveries.is_outdated
