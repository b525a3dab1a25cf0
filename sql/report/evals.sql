-- The newest score before $1 of each task and metric, and the deployed baseline it is held against, where there is one.
WITH newest AS (
    SELECT *
    FROM eval_scores
    WHERE evaluated_at < $1
    QUALIFY row_number() OVER (PARTITION BY model_id, task, metric ORDER BY evaluated_at DESC, model_version DESC) = 1
),

signal AS (
    SELECT model_id, feature, window_start, window_end, value, threshold, drifted, verdict
    FROM drift_signals
    WHERE method = 'eval_drop'
    QUALIFY row_number() OVER (PARTITION BY model_id, feature, window_end ORDER BY window_start DESC) = 1
),

score_at AS (
    SELECT model_id, task, metric, evaluated_at, arg_max(score, model_version) AS score, max(model_version) AS model_version
    FROM eval_scores
    GROUP BY model_id, task, metric, evaluated_at
)

SELECT
    newest.model_id,
    newest.task,
    newest.metric,
    newest.higher_is_better,
    baseline.model_version AS baseline_version,
    signal.window_start AS baseline_at,
    baseline.score AS baseline_score,
    newest.model_version,
    newest.evaluated_at,
    newest.score,
    newest.stderr,
    newest.n,
    signal.value AS "drop",
    signal.threshold,
    signal.drifted,
    signal.verdict
FROM newest
LEFT JOIN signal
    ON newest.model_id = signal.model_id
    AND newest.task || ' ' || newest.metric = signal.feature
    AND newest.evaluated_at = signal.window_end
LEFT JOIN score_at AS baseline
    ON newest.model_id = baseline.model_id
    AND newest.task = baseline.task
    AND newest.metric = baseline.metric
    AND signal.window_start = baseline.evaluated_at
ORDER BY newest.model_id, signal.drifted DESC NULLS LAST, newest.task, newest.metric
