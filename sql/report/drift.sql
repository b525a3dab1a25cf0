-- The newest window of each model's requests that ended before $1: the model-level row, then the features that lie
-- furthest beyond their threshold.
SELECT *
FROM drift_signals
WHERE method <> 'eval_drop' AND window_end < $1
QUALIFY window_end = max(window_end) OVER (PARTITION BY model_id)
ORDER BY model_id, feature <> 'dataset', drifted DESC, value / nullif(threshold, 0) DESC NULLS LAST, feature, method
