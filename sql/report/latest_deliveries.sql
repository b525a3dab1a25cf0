SELECT source, file, status, rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_held, rows_skipped
FROM deliveries
ORDER BY delivery_id DESC
LIMIT 200
