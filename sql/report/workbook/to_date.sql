-- Plan and actual to date by stage and in total, of each model and of all of them, as known before $1.
SELECT *
FROM plan_to_date
WHERE as_of < $1
ORDER BY model_id IS NULL, model_id, stage = 'total', stage
