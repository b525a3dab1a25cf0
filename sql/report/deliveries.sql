-- What came in, all sources together.
SELECT * EXCLUDE (source)
FROM delivery_totals
WHERE source IS NULL
