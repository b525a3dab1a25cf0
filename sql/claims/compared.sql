-- Two sets, day by day and service by service: where what they say differs. Rows that only one of them has came or went.
WITH said AS (
    SELECT
        deliveries.set_version = $now AS is_now,
        slot_totals.*
    FROM log.slot_totals
    INNER JOIN log.deliveries USING (delivery_id)
    INNER JOIN log.claims USING (delivery_id, slot_no)
    WHERE deliveries.set_version IN ($before, $now) AND list_contains($periods, coalesce(claims.period, claims.slot))
)

SELECT
    day,
    service,
    currency,
    CAST(coalesce(sum(rows) FILTER (NOT is_now), 0) AS BIGINT) AS rows_before,
    CAST(coalesce(sum(rows) FILTER (is_now), 0) AS BIGINT) AS rows_now,
    coalesce(sum(billed_cost) FILTER (NOT is_now), 0) AS billed_before,
    coalesce(sum(billed_cost) FILTER (is_now), 0) AS billed_now,
    coalesce(sum(effective_cost) FILTER (NOT is_now), 0) AS effective_before,
    coalesce(sum(effective_cost) FILTER (is_now), 0) AS effective_now
FROM said
GROUP BY day, service, currency
HAVING rows_before <> rows_now OR billed_before <> billed_now OR effective_before <> effective_now
ORDER BY day NULLS FIRST, service, currency
