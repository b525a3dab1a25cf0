-- Evidently's pages of the windows that ended at $day.
SELECT DISTINCT report
FROM outlook.drift_signals
WHERE window_end = CAST($day AS TIMESTAMP) AND method <> 'eval_drop' AND report IS NOT NULL
