-- The score that speaks for each model at the end of a month: up to then, the last score of the version in production then; else of the
-- version promoted last; where the scores' versions name no promoted one, the last of all. Months go on while anything may change
-- it, or costs are told.
--
-- first_score: its first score, whatever its version
CREATE OR REPLACE TABLE books.month_scores AS
WITH told AS (
    SELECT headline_scores.*
    FROM books.headline_scores
    INNER JOIN books.headlines USING (model_id)
    WHERE headlines.eval_count = 1
),

changed AS (
    SELECT max(evaluated_at) AS changed_at
    FROM told
    UNION ALL
    SELECT max(decided_at)
    FROM books.training_runs
    UNION ALL
    SELECT max(updated_at)
    FROM books.model_versions
    UNION ALL
    SELECT max(CAST(quarter_start AS TIMESTAMP) + INTERVAL 3 MONTH - INTERVAL 1 MICROSECOND)
    FROM books.posted
),

spell AS (
    SELECT told.model_id, date_trunc('month', min(told.evaluated_at)) AS first_month, any_value(ended.last_at) AS last_at
    FROM told
    CROSS JOIN (SELECT max(changed_at) AS last_at FROM changed) AS ended
    GROUP BY told.model_id
),

month AS (
    SELECT
        model_id,
        CAST(unnest(generate_series(CAST(first_month AS TIMESTAMP), last_at, INTERVAL 1 MONTH)) AS DATE) AS month,
        month + INTERVAL 1 MONTH AS month_end
    FROM spell
),

-- The runs that were promoted up to the end of the month, and whether the registry still had them in production then.
production AS (
    SELECT
        month.model_id,
        month.month,
        training_runs.run_id,
        training_runs.decided_at AS promoted_at,
        NOT coalesce(bool_or(registered.is_promoted), FALSE)
        OR arg_max(registered.is_promoted, (registered.updated_at, registered.x_delivery_id, registered.x_line)) AS is_in_production,
        list(DISTINCT registered.registered_version) AS versions,
        list(DISTINCT registered.registered_model) AS models
    FROM month
    INNER JOIN books.training_runs
        ON month.model_id = training_runs.model_id
        AND training_runs.outcome = 'promoted'
        AND training_runs.decided_at < month.month_end
    LEFT JOIN books.model_versions AS registered
        ON training_runs.run_id = registered.run_id
        AND registered.status <> 'duplicate'
        AND registered.updated_at < month.month_end
    GROUP BY month.model_id, month.month, training_runs.run_id, training_runs.decided_at
),

-- A score's version is a run's id, or a version of the registry: 3, v3, model/3 or model:3.
version_name AS (
    SELECT model_id, month, promoted_at, is_in_production, lower(run_id) AS name
    FROM production
    UNION
    SELECT
        model_id,
        month,
        promoted_at,
        is_in_production,
        lower(unnest(flatten(list_transform(
            coalesce(versions, []),
            lambda version: list_concat(
                [version, 'v' || version],
                flatten(list_transform(models, lambda model: [model || '/' || version, model || ':' || version]))
            )
        ))))
    FROM production
),

-- The scores up to the end of each month, and what they count for as the latest: production before promoted before any other.
score AS (
    SELECT
        month.month,
        told.*,
        (told.evaluated_at, told.x_delivery_id, told.x_line) AS told_at,
        (
            coalesce(version_name.is_in_production, FALSE),
            coalesce(version_name.promoted_at, TIMESTAMP '0001-01-01'),
            told.evaluated_at,
            told.x_delivery_id,
            told.x_line
        ) AS standing
    FROM month
    INNER JOIN told ON month.model_id = told.model_id AND told.evaluated_at < month.month_end
    LEFT JOIN version_name
        ON month.model_id = version_name.model_id
        AND month.month = version_name.month
        AND lower(told.model_version) = version_name.name
)

SELECT
    model_id,
    month,
    any_value(task) AS task,
    any_value(metric) AS metric,
    arg_min(score, told_at) AS first_score,
    arg_min(model_version, told_at) AS first_version,
    arg_max(score, standing) AS latest_score,
    arg_max(model_version, standing) AS latest_version,
    nullif(arg_max(coalesce(stderr, 0), standing), 0) AS latest_stderr,
    nullif(arg_max(coalesce(n, 0), standing), 0) AS latest_n,
    bool_and(higher_is_better) AS higher_is_better
FROM score
GROUP BY model_id, month
