-- The milestones of each plan, as known before $1.
SELECT *
FROM milestones
WHERE as_of < $1
