-- Slots that a file claims and another holds: a billing period, an invoice; sets that say less than the one they would replace; and
-- runs of an export that are not all there.
SELECT
    deliveries.source,
    deliveries.delivery_id,
    deliveries.file,
    claims.slot,
    claims.lost,
    against.file AS against_file,
    CAST(NULL AS VARCHAR) AS held_because,
    CASE claims.held_form WHEN 'taken' THEN 'period' ELSE claims.held_form END AS form,
    held.model_id,
    coalesce(held.is_unclaimed, FALSE) AS is_unclaimed,
    held.quarter,
    1 AS pieces,
    coalesce(held.is_cost, TRUE) AS is_cost,
    coalesce(held.is_lower_bound, TRUE) AS is_lower_bound
FROM books.claims
INNER JOIN books.deliveries USING (delivery_id)
LEFT JOIN log.deliveries AS against ON claims.against = against.delivery_id
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
UNION ALL
SELECT
    deliveries.source,
    deliveries.delivery_id,
    deliveries.file,
    NULL,
    NULL,
    NULL,
    deliveries.held_because,
    'run',
    NULL,
    FALSE,
    absent_quarters.quarter,
    1,
    TRUE,
    TRUE
FROM books.deliveries
LEFT JOIN (SELECT DISTINCT delivery_id, quarter FROM absent_quarters WHERE kind = 'held') AS absent_quarters USING (delivery_id)
WHERE deliveries.held_because IS NOT NULL AND NOT deliveries.is_outdated
