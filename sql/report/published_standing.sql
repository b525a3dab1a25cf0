-- What is open, as last published: each file as it was last delivered.
SELECT file, status, reason AS because, rows_quarantined, delivery_id
FROM deliveries
QUALIFY row_number() OVER (PARTITION BY source, file ORDER BY delivery_id DESC) = 1
ORDER BY delivery_id
