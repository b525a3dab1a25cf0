-- Nothing lost: as many rows are stored as each delivery says it loaded or left as duplicates.
WITH quarantined AS (
    SELECT delivery_id, sum(rows) AS quarantined_rows FROM log.quarantine GROUP BY delivery_id
)

SELECT
    file || ' (delivery ' || delivery_id || ')' AS subject,
    coalesce(stored_rows, 0) || ' rows are stored and ' || coalesce(quarantined_rows, 0) || ' quarantined, where the delivery says '
    || rows_loaded + rows_duplicate + rows_held || ' and ' || rows_quarantined AS fault
FROM books.deliveries
LEFT JOIN books.stored_rows USING (delivery_id)
LEFT JOIN quarantined USING (delivery_id)
WHERE coalesce(stored_rows, 0) <> rows_loaded + rows_duplicate + rows_held OR coalesce(quarantined_rows, 0) <> rows_quarantined
