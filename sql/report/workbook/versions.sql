-- Versions that served side by side, window by window, as known before $1.
SELECT *
FROM version_comparison
WHERE as_of < $1
ORDER BY model_id, window_start, version
