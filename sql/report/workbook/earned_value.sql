-- Earned value of each model with milestones, and of all of them, month by month, as known before $1.
SELECT *
FROM earned_value
WHERE as_of < $1
ORDER BY model_id IS NULL, model_id, month
