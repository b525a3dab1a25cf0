SELECT delivery_id, source, file, format, sha256, received_at, status
FROM deliveries
WHERE delivery_id = ?
