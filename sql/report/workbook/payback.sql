-- Live payback, month by month, as known before $1.
SELECT *
FROM payback
WHERE as_of < $1
ORDER BY model_id, month
