-- What a published file tells of closes.
SELECT column_name
FROM information_schema.columns
WHERE table_name = 'closes'
