-- What a published file tells of gaps.
SELECT column_name
FROM information_schema.columns
WHERE table_name = 'gaps'
