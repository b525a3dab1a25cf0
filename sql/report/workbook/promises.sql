-- What each plan promised beside its cost, and what came, as known before $1.
SELECT *
FROM promises
WHERE as_of < $1
ORDER BY model_id, promise, month
