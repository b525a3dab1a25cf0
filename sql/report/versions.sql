-- The versions that served side by side last, model by model, as known before $1.
SELECT *
FROM version_comparison
WHERE is_latest AND as_of < $1
