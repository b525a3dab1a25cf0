-- The latest deliveries; those that ask for someone, as they were last delivered, come first.
SELECT source, file, status, reason, rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_held, rows_skipped
FROM deliveries
ORDER BY
    row_number() OVER (PARTITION BY source, file ORDER BY delivery_id DESC) = 1
    AND (status IN ('refused', 'held') OR rows_quarantined > 0) DESC,
    CASE status WHEN 'refused' THEN 0 WHEN 'held' THEN 1 ELSE 2 END,
    delivery_id DESC
LIMIT 200
