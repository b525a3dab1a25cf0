-- The newest score of each task and metric of each model up to $day, and how far it is below the deployed baseline.
SELECT signals.model_id, signals.feature, any_value(evals.score) AS score, signals.value AS fall
FROM outlook.drift_signals AS signals
INNER JOIN books.evals
    ON signals.model_id = evals.model_id
    AND signals.feature = evals.task || ' ' || evals.metric
    AND signals.window_end = evals.evaluated_at
WHERE signals.method = 'eval_drop' AND evals.status = 'current' AND evals.evaluated_at < CAST($day AS TIMESTAMP) + INTERVAL 1 DAY
GROUP BY signals.model_id, signals.feature, signals.value, signals.window_end
QUALIFY row_number() OVER (PARTITION BY signals.model_id, signals.feature ORDER BY signals.window_end DESC) = 1
ORDER BY signals.model_id, signals.feature
