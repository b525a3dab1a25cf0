-- Files that were refused, whole.
SELECT source, file, refused_because
FROM books.deliveries
WHERE refused_because IS NOT NULL AND NOT is_outdated
