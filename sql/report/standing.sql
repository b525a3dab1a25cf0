-- What is open: files as last delivered, and what became of them.
SELECT file, status, coalesce(refused_because, held_because) AS because, rows_quarantined, delivery_id
FROM books.deliveries
WHERE NOT is_outdated
ORDER BY delivery_id
