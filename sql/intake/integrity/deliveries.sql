-- What the warehouse holds of each delivery, as the landing log tells it.
SELECT delivery_id, source, file, set_name, set_version, sha256, size_bytes
FROM log.deliveries
ORDER BY delivery_id
