-- Quarantined rows of files as last delivered, with what they failed and what to do.
WITH told AS (
    SELECT single.rule, single.column_name, min(single.message) AS message
    FROM log.quarantine AS single
    WHERE single.rows = 1
    GROUP BY single.rule, single.column_name
)

SELECT
    quarantine.delivery_id,
    deliveries.source,
    deliveries.file,
    quarantine.line,
    coalesce(quarantine.rule, '') AS rule,
    coalesce(quarantine.column_name, '') AS column_name,
    quarantine.value,
    -- Where a row stands for several, its sentence says how many: that is no cause of its own.
    CASE
        WHEN quarantine.rows > 1
            THEN coalesce(told.message, quarantine.message)
        ELSE quarantine.message
    END AS message,
    quarantine.remedy,
    quarantine.row_json,
    quarantine.rows
FROM log.quarantine
INNER JOIN books.deliveries USING (delivery_id)
LEFT JOIN told
    ON quarantine.rule IS NOT DISTINCT FROM told.rule
    AND quarantine.column_name IS NOT DISTINCT FROM told.column_name
WHERE NOT deliveries.is_outdated
ORDER BY quarantine.delivery_id, quarantine.line
