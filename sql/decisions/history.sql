-- The scores of $model for $feature, oldest first, each with its fall below the deployed baseline and the standard errors of both; of
-- a share of right answers, where none is told, that is sqrt(p (1 - p) / n).
WITH score AS (
    SELECT
        evaluated_at,
        score,
        CASE
            WHEN stderr >= 0 THEN stderr
            WHEN n > 0
                AND score BETWEEN 0 AND 1
                AND regexp_matches(metric, '(?i)^(.*_)?(acc|accuracy|exact_match|em|pass@1)(_norm)?(,.*)?$')
                THEN sqrt(score * (1 - score) / n)
        END AS standard_error
    FROM books.evals
    WHERE model_id = $model AND task || ' ' || metric = $feature AND status = 'current'
    QUALIFY row_number() OVER (PARTITION BY evaluated_at ORDER BY x_delivery_id DESC, x_line DESC) = 1
)

SELECT
    signals.window_end AS evaluated_at,
    signals.window_start AS baseline_at,
    signals.value AS fall,
    score.standard_error AS score_error,
    baseline.standard_error AS baseline_error
FROM outlook.drift_signals AS signals
INNER JOIN score ON signals.window_end = score.evaluated_at
INNER JOIN score AS baseline ON signals.window_start = baseline.evaluated_at
WHERE signals.method = 'eval_drop' AND signals.model_id = $model AND signals.feature = $feature AND signals.value IS NOT NULL
ORDER BY signals.window_end
