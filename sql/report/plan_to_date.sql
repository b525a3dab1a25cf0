-- Plan to date beside actual to date, in total: by model, and over all of them (model_id NULL); as known before $1.
SELECT *
FROM plan_to_date
WHERE stage = 'total' AND as_of < $1
ORDER BY model_id
