-- What deliveries that have rivals say of each slot, day by day.
SELECT
    delivery_id,
    slot_no,
    day,
    coalesce(currency, '') AS currency,
    CAST(sum(rows) AS BIGINT) AS rows,
    coalesce(sum(billed_cost), 0) AS billed_cost,
    coalesce(sum(effective_cost), 0) AS effective_cost
FROM log.slot_totals
WHERE list_contains($deliveries, delivery_id)
GROUP BY delivery_id, slot_no, day, currency
ORDER BY ALL
