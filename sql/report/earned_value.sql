-- What each model with milestones has earned by its last month that has ended, and all of them (model_id NULL), as known before $1.
SELECT *
FROM earned_value
WHERE is_latest AND as_of < $1
ORDER BY model_id
