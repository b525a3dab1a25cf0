-- Eval scores beside the deployed baseline: how far each fell below it, and how far is within the errors of the two.
--
-- The baseline of a score is the latest of its task and metric at or before the model's last promotion, as of that score; or else
-- the first after it; or, without a promotion, the first of all. The standard error of a difference of two independent scores is
-- the root of the sum of their squares. Where a score states none, that of a share of right answers is sqrt(p (1 - p) / n); of
-- any other metric it is not known.
WITH score AS (
    SELECT
        evals.model_id,
        evals.task,
        evals.metric,
        evals.score,
        evals.n,
        evals.higher_is_better,
        evals.evaluated_at,
        CASE
            WHEN evals.stderr >= 0 THEN evals.stderr
            WHEN evals.n > 0
                AND evals.score BETWEEN 0 AND 1
                AND regexp_matches(evals.metric, '(?i)^(.*_)?(acc|accuracy|exact_match|em|pass@1)(_norm)?(,.*)?$')
                THEN sqrt(evals.score * (1 - evals.score) / evals.n)
        END AS standard_error
    FROM books.evals
    SEMI JOIN config_models USING (model_id)
    WHERE evals.status = 'current' AND isfinite(evals.score) AND evals.evaluated_at IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY evals.model_id, evals.task, evals.metric, evals.evaluated_at
        ORDER BY evals.x_delivery_id DESC, evals.x_line DESC
    ) = 1
),

promotion AS (
    SELECT model_id, decided_at FROM books.training_runs WHERE outcome = 'promoted' AND decided_at IS NOT NULL
),

promoted AS (
    SELECT score.*, max(promotion.decided_at) AS promoted_at
    FROM score
    LEFT JOIN promotion ON score.model_id = promotion.model_id AND promotion.decided_at <= score.evaluated_at
    GROUP BY ALL
),

-- Of the scores up to this one: the latest up to the promotion comes first, then the earliest after it.
paired AS (
    SELECT
        promoted.*,
        baseline.score AS baseline_score,
        baseline.standard_error AS baseline_error,
        baseline.n AS baseline_n,
        baseline.evaluated_at AS baseline_at
    FROM promoted
    INNER JOIN score AS baseline
        ON promoted.model_id = baseline.model_id
        AND promoted.task = baseline.task
        AND promoted.metric = baseline.metric
        AND promoted.evaluated_at >= baseline.evaluated_at
    QUALIFY row_number() OVER (
        PARTITION BY promoted.model_id, promoted.task, promoted.metric, promoted.evaluated_at
        ORDER BY
            coalesce(baseline.evaluated_at <= promoted.promoted_at, FALSE) DESC,
            CASE WHEN baseline.evaluated_at <= promoted.promoted_at THEN baseline.evaluated_at END DESC NULLS LAST,
            baseline.evaluated_at
    ) = 1
),

compared AS (
    SELECT
        *,
        CASE
            WHEN higher_is_better THEN baseline_score - score
            WHEN NOT higher_is_better THEN score - baseline_score
        END AS fall,
        $eval_errors * sqrt(pow(baseline_error, 2) + pow(standard_error, 2)) AS allowed
    FROM paired
    WHERE evaluated_at > baseline_at
)

SELECT
    model_id,
    baseline_at AS window_start,
    evaluated_at AS window_end,
    baseline_at AS reference_start,
    baseline_at AS reference_end,
    task || ' ' || metric AS feature,
    'eval_drop' AS method,
    fall AS value,
    allowed AS threshold,
    coalesce(fall > allowed, FALSE) AS drifted,
    CASE
        WHEN fall IS NULL THEN 'no_direction_known'
        WHEN allowed IS NULL THEN 'no_error_known'
        WHEN fall > allowed THEN 'drift'
        ELSE 'stable'
    END AS verdict,
    baseline_n AS reference_rows,
    n AS current_rows,
    CAST(NULL AS VARCHAR) AS report
FROM compared
ORDER BY ALL
