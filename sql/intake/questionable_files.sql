-- Files of which nothing may count: refused, not let in, or with a slot that another set claims too.
WITH contested AS (
    SELECT claims.slot
    FROM log.claims
    INNER JOIN log.deliveries USING (delivery_id)
    GROUP BY claims.slot
    HAVING count(DISTINCT deliveries.source || ' ' || deliveries.set_name) > 1
)

SELECT DISTINCT deliveries.source, deliveries.file
FROM log.deliveries
LEFT JOIN log.claims USING (delivery_id)
WHERE deliveries.refused_because IS NOT NULL OR deliveries.held_because IS NOT NULL OR claims.slot IN (SELECT slot FROM contested)
ORDER BY ALL
