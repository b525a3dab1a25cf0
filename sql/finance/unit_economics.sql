-- What a unit of each model's work cost: by request, by token, and by what it gained on its evals.
-- model_id: the model
-- quarter: fiscal quarter
-- currency: currency of every amount in the row
-- requests: calls of the quarter, by the request log; where it holds one in many (`one_in`), that many times its rows
-- tokens: input and output tokens of these calls
-- serving_cost: cost of the stage serving in the quarter
-- true_cost: true cost in the quarter
-- cost_per_1k_requests: true_cost by 1,000 requests; NULL without requests
-- cost_per_1m_tokens: true_cost by a million tokens; NULL without tokens
-- serving_cost_per_1k_requests: serving_cost by 1,000 requests
-- serving_cost_per_1m_tokens: serving_cost by a million tokens
-- eval_task: the task of the headline eval: `headline_eval` under [[models]], or else the score with the most samples
-- eval_metric: its metric
-- baseline_score: its first score
-- latest_score: its last score up to the end of the quarter
-- eval_points_gained: how much better the last is than the first, in points of a hundredth
-- true_cost_to_date: true cost up to the end of the quarter
-- cost_per_eval_point: true_cost_to_date by point gained; NULL where nothing was gained
-- reason: why a figure is NULL
WITH owned AS (
    SELECT
        model_id,
        quarter,
        quarter_start,
        coalesce(sum(cost), 0) AS true_cost,
        coalesce(sum(cost) FILTER (stage = 'serving'), 0) AS serving_cost
    FROM books.posted
    WHERE model_id IS NOT NULL
    GROUP BY model_id, quarter, quarter_start
),

to_date AS (
    SELECT
        *,
        quarter_start + INTERVAL 3 MONTH AS quarter_end,
        sum(true_cost) OVER (PARTITION BY model_id ORDER BY quarter_start) AS true_cost_to_date
    FROM owned
),

used AS (
    SELECT
        requests.model_id,
        fiscal_quarter(CAST(requests.requested_at AS DATE), getvariable('fiscal_year_start_month')) AS quarter,
        CAST(sum(config_sources.one_in) AS BIGINT) AS requests,
        CAST(sum(config_sources.one_in * (coalesce(input_tokens, 0) + coalesce(output_tokens, 0))) AS BIGINT) AS tokens
    FROM books.requests
    INNER JOIN config_sources USING (source)
    WHERE requests.status = 'current'
    GROUP BY ALL
),

headline AS (
    SELECT evals.model_id, evals.task, evals.metric
    FROM books.evals
    INNER JOIN config_models USING (model_id)
    WHERE evals.status = 'current'
        AND evals.higher_is_better IS NOT NULL
        AND evals.evaluated_at IS NOT NULL
        AND (config_models.headline_metric IS NULL OR config_models.headline_metric = evals.metric)
        AND (config_models.headline_task IS NULL OR config_models.headline_task = evals.task)
    GROUP BY evals.model_id, evals.task, evals.metric
    QUALIFY row_number() OVER (
        PARTITION BY evals.model_id ORDER BY max(coalesce(evals.n, 0)) DESC, evals.task, evals.metric
    ) = 1
),

score AS (
    SELECT evals.*
    FROM books.evals
    INNER JOIN headline USING (model_id, task, metric)
    WHERE evals.status = 'current' AND evals.evaluated_at IS NOT NULL
),

judged AS (
    SELECT
        to_date.model_id,
        to_date.quarter,
        any_value(score.task) AS task,
        any_value(score.metric) AS metric,
        arg_min(score.score, (score.evaluated_at, score.x_delivery_id, score.x_line)) AS baseline_score,
        arg_max(score.score, (score.evaluated_at, score.x_delivery_id, score.x_line)) AS latest_score,
        bool_and(score.higher_is_better) AS higher_is_better
    FROM to_date
    INNER JOIN score ON to_date.model_id = score.model_id AND score.evaluated_at < to_date.quarter_end
    GROUP BY to_date.model_id, to_date.quarter
),

gained AS (
    SELECT
        *,
        CAST(
            100 * (latest_score - baseline_score) * CASE WHEN higher_is_better THEN 1 ELSE -1 END AS DECIMAL(18, 6)
        ) AS points
    FROM judged
)

SELECT
    to_date.model_id,
    to_date.quarter,
    getvariable('reporting_currency') AS currency,
    coalesce(used.requests, 0) AS requests,
    coalesce(used.tokens, 0) AS tokens,
    CAST(to_date.serving_cost AS DECIMAL(38, 20)) AS serving_cost,
    CAST(to_date.true_cost AS DECIMAL(38, 20)) AS true_cost,
    ratio(to_date.true_cost, CAST(used.requests AS DECIMAL(38, 20)) * 0.001) AS cost_per_1k_requests,
    ratio(to_date.true_cost, CAST(used.tokens AS DECIMAL(38, 20)) * 0.000001) AS cost_per_1m_tokens,
    ratio(to_date.serving_cost, CAST(used.requests AS DECIMAL(38, 20)) * 0.001) AS serving_cost_per_1k_requests,
    ratio(to_date.serving_cost, CAST(used.tokens AS DECIMAL(38, 20)) * 0.000001) AS serving_cost_per_1m_tokens,
    gained.task AS eval_task,
    gained.metric AS eval_metric,
    gained.baseline_score,
    gained.latest_score,
    gained.points AS eval_points_gained,
    CAST(to_date.true_cost_to_date AS DECIMAL(38, 20)) AS true_cost_to_date,
    CASE WHEN gained.points > 0 THEN ratio(to_date.true_cost_to_date, gained.points) END AS cost_per_eval_point,
    nullif(concat_ws(
        '; ',
        CASE WHEN used.requests IS NULL THEN 'no request log in this quarter' END,
        CASE WHEN used.tokens = 0 THEN 'the request log holds no tokens' END,
        CASE
            WHEN gained.points IS NULL THEN 'no eval scores so far'
            WHEN gained.points <= 0 THEN 'no eval point gained so far'
        END
    ), '') AS reason
FROM to_date
LEFT JOIN used USING (model_id, quarter)
LEFT JOIN gained USING (model_id, quarter)
ORDER BY to_date.model_id, to_date.quarter_start
