-- What was learned, as known before $1.
SELECT *
FROM lessons
WHERE as_of < $1
ORDER BY default_name
