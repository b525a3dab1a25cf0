-- What is frozen of a quarter: every cost posted to it, adjustments of earlier quarters among them.
SELECT * EXCLUDE (status, version)
FROM books.posted
WHERE quarter = getvariable('quarter')
ORDER BY ALL
