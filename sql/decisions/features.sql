-- The tasks and metrics of $model that have a score with an earlier one to be held against.
SELECT DISTINCT feature
FROM outlook.drift_signals
WHERE model_id = $model AND method = 'eval_drop' AND value IS NOT NULL
ORDER BY feature
