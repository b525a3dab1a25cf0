-- The scores of $model since $since, the newest of each task and metric, and how far each fell below the deployed baseline.
SELECT
    evals.task || ' ' || evals.metric AS feature,
    evals.score,
    signals.value AS fall,
    signals.threshold AS allowed
FROM books.evals
LEFT JOIN outlook.drift_signals AS signals
    ON evals.model_id = signals.model_id
    AND signals.method = 'eval_drop'
    AND signals.feature = evals.task || ' ' || evals.metric
    AND signals.window_end = evals.evaluated_at
WHERE evals.model_id = $model AND evals.status = 'current' AND evals.evaluated_at >= CAST($since AS TIMESTAMP)
QUALIFY row_number() OVER (
    PARTITION BY evals.task, evals.metric
    ORDER BY evals.evaluated_at DESC, evals.x_delivery_id DESC, evals.x_line DESC
) = 1
ORDER BY feature
