-- Files as they were last delivered that could not be used, each once, by its worst trouble: refused, held, or with more than
-- the share $share of its rows quarantined.
WITH troubled AS (
    SELECT
        delivery_id,
        file,
        refused_because AS reason,
        CASE
            WHEN status IN ('refused', 'held') THEN status
            WHEN rows_quarantined > rows_read * CAST($share AS DECIMAL(18, 6)) THEN 'quarantined'
        END AS trouble
    FROM books.deliveries
    WHERE NOT is_outdated
)

SELECT delivery_id, file, reason, trouble
FROM troubled
WHERE trouble IS NOT NULL
ORDER BY delivery_id
