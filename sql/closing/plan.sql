-- The plan's baseline of a quarter.
SELECT *
FROM books.baseline
WHERE quarter = getvariable('quarter')
ORDER BY ALL
