-- The newest window of each configured model that ended by $until, and the newest score of each of its tasks and metrics: worst
-- first.
SELECT *
FROM outlook.drift_signals
SEMI JOIN config_models USING (model_id)
WHERE (method = 'eval_drop' OR window_end <= CAST($until AS TIMESTAMP))
    AND (CAST($model AS VARCHAR) IS NULL OR model_id = $model)
QUALIFY window_end = max(window_end) OVER (
    PARTITION BY model_id, method = 'eval_drop', CASE WHEN method = 'eval_drop' THEN feature END
)
ORDER BY
    model_id,
    method = 'eval_drop',
    feature <> 'dataset',
    drifted DESC,
    method = 'absent',
    value / nullif(threshold, 0) DESC,
    feature,
    method
