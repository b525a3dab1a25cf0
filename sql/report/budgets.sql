-- How the budgets stand, as known before $1.
SELECT *
FROM budgets
WHERE as_of < $1
ORDER BY name
