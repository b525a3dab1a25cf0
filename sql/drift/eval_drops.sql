-- Eval scores beside the deployed baseline: how far each fell below it, and how far is within the errors of the two.
--
-- The baseline of a score is the latest of its task and metric at or before the model's last promotion, as of that score; or else
-- the first after it; or, without a promotion, the first of all: of the same version of the task, as many examples shown and the
-- same prompt, as far as both are told. The standard error of a difference of two independent scores is the root of the sum of
-- their squares. Where a score states none, that of a share of right answers is sqrt(p (1 - p) / n); of any other metric it is
-- not known.
--
-- How many standard errors count follows from how often is looked: over a model's tasks and the looks of a year, chance passes
-- them once in $years years (the normal quantile by Abramowitz and Stegun, 26.2.23), and never fewer than $eval_errors. A winner
-- chosen among several is expected to fall: by its lead over the mean of the candidates, but no more than what the best of so many
-- equal ones is ahead by chance.
WITH score AS (
    SELECT
        evals.model_id,
        evals.task,
        evals.metric,
        evals.score,
        evals.n,
        evals.higher_is_better,
        evals.evaluated_at,
        evals.model_version,
        evals.task_version,
        evals.shots,
        evals.prompts,
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

-- By model and task: the scores of each year, at most one a day, and how many tasks and metrics there are.
looked AS (
    SELECT
        model_id,
        count(DISTINCT row(task, metric)) AS series_count,
        count(DISTINCT CAST(evaluated_at AS DATE)) AS looks,
        greatest(1.0, date_diff('day', min(evaluated_at), max(evaluated_at)) / 365.25) AS years
    FROM score
    GROUP BY model_id
),

chance AS (
    SELECT
        model_id,
        sqrt(2 * ln($years * series_count * greatest(4.0, looks / years))) AS depth,
        depth - (2.515517 + 0.802853 * depth + 0.010328 * pow(depth, 2))
        / (1 + 1.432788 * depth + 0.189269 * pow(depth, 2) + 0.001308 * pow(depth, 3)) AS family_errors
    FROM looked
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
        baseline.evaluated_at AS baseline_at,
        baseline.model_version AS baseline_version
    FROM promoted
    INNER JOIN score AS baseline
        ON promoted.model_id = baseline.model_id
        AND promoted.task = baseline.task
        AND promoted.metric = baseline.metric
        AND promoted.evaluated_at >= baseline.evaluated_at
        AND coalesce(promoted.task_version = baseline.task_version, TRUE)
        AND coalesce(promoted.shots = baseline.shots, TRUE)
        AND coalesce(promoted.prompts = baseline.prompts, TRUE)
    QUALIFY row_number() OVER (
        PARTITION BY promoted.model_id, promoted.task, promoted.metric, promoted.evaluated_at
        ORDER BY
            coalesce(baseline.evaluated_at <= promoted.promoted_at, FALSE) DESC,
            CASE WHEN baseline.evaluated_at <= promoted.promoted_at THEN baseline.evaluated_at END DESC NULLS LAST,
            baseline.evaluated_at
    ) = 1
),

-- What the baseline was chosen among: the other versions that were scored on the task in the 90 days before it, each its last.
candidate AS (
    SELECT
        paired.model_id,
        paired.task,
        paired.metric,
        paired.baseline_at,
        other.model_version,
        arg_max(other.score, other.evaluated_at) AS score
    FROM paired
    INNER JOIN score AS other
        ON paired.model_id = other.model_id
        AND paired.task = other.task
        AND paired.metric = other.metric
        AND other.evaluated_at BETWEEN paired.baseline_at - INTERVAL 90 DAY AND greatest(paired.baseline_at, paired.promoted_at)
        AND other.model_version IS NOT NULL
    WHERE paired.baseline_at <= paired.promoted_at
        AND coalesce(paired.task_version = other.task_version, TRUE)
        AND coalesce(paired.shots = other.shots, TRUE)
        AND coalesce(paired.prompts = other.prompts, TRUE)
    GROUP BY paired.model_id, paired.task, paired.metric, paired.baseline_at, other.model_version
),

field AS (
    SELECT model_id, task, metric, baseline_at, count(*) AS candidates, avg(score) AS mean_score
    FROM candidate
    GROUP BY model_id, task, metric, baseline_at
),

compared AS (
    SELECT
        paired.*,
        field.candidates,
        CASE
            WHEN paired.higher_is_better THEN paired.baseline_score - paired.score
            WHEN NOT paired.higher_is_better THEN paired.score - paired.baseline_score
        END AS fall,
        sqrt(pow(paired.baseline_error, 2) + pow(paired.standard_error, 2)) AS error,
        -- The expected lead of the best of k equal candidates, in standard errors.
        greatest(
            0.0,
            least(
                paired.baseline_error
                * list_extract(
                    [0, 0.564, 0.846, 1.029, 1.163, 1.267, 1.352, 1.424, 1.485, 1.539],
                    CAST(least(coalesce(field.candidates, 1), 10) AS INTEGER)
                ),
                coalesce(abs(paired.baseline_score - field.mean_score), 0)
            )
        ) AS luck,
        luck + greatest($eval_errors, chance.family_errors) * error AS allowed
    FROM paired
    INNER JOIN chance ON paired.model_id = chance.model_id
    LEFT JOIN field
        ON paired.model_id = field.model_id
        AND paired.task = field.task
        AND paired.metric = field.metric
        AND paired.baseline_at = field.baseline_at
    WHERE paired.evaluated_at > paired.baseline_at
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
    CAST(NULL AS VARCHAR) AS report,
    -fall AS change,
    CASE
        WHEN error IS NOT NULL
            THEN format('{:+.3f} to {:+.3f} at 95 %', luck - fall - 1.96 * error, luck - fall + 1.96 * error)
                || CASE WHEN candidates > 1 THEN format(', the best of {} taken into account', candidates) ELSE '' END
    END AS detail
FROM compared
ORDER BY ALL
