-- What is open: files as last delivered, and what became of them.
SELECT file, status, refused_because, rows_quarantined
FROM books.deliveries
WHERE NOT is_outdated
ORDER BY delivery_id
