-- The planned quantities of a quarter.
SELECT *
FROM books.planned_quantities
WHERE quarter = getvariable('quarter')
ORDER BY ALL
