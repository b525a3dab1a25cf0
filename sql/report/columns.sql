-- What a published file tells of a view ($1): one that an older truecost wrote may tell less.
SELECT column_name
FROM information_schema.columns
WHERE table_name = $1
