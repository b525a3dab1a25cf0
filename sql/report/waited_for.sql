-- Whose records are waited for, as known before $1: those that are expected to bring something, the most first.
SELECT model_id, source, heard_until, amount
FROM nowcast
WHERE as_of < $1 AND amount >= 0.01
ORDER BY model_id, amount DESC, source
