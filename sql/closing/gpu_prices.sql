-- The prices of GPU hours in force, for the record: what they made of the quarter stands in its costs.
SELECT * EXCLUDE (status)
FROM books.rates
WHERE status = 'current'
ORDER BY ALL
