-- What a unit of each model's work cost: by request, by token, and by what it gained on its evals.
-- model_id: the model
-- quarter: fiscal quarter
-- currency: currency of every amount in the row
-- requests: calls of the quarter, by the request log; where it holds one in many (`one_in`), that many times its rows
-- tokens: input and output tokens of these calls, but for those that a gateway's own cache answered
-- serving_cost: cost of the stage serving in the quarter
-- true_cost: true cost in the quarter
-- cost_per_1k_requests: true_cost by 1,000 requests; NULL without requests
-- cost_per_1m_tokens: true_cost by a million tokens; NULL without tokens
-- serving_cost_per_1k_requests: serving_cost by 1,000 requests
-- serving_cost_per_1m_tokens: serving_cost by a million tokens
-- eval_task: the task of the headline eval: `headline_eval` under [[models]], or else the only one there is
-- eval_metric: its metric
-- baseline_score: its first score
-- baseline_version: the model version that had it
-- latest_score: up to the end of the quarter, the last score of the version in production then; else of the version promoted last; where the scores' versions name no promoted one, the last of all
-- latest_version: the model version that had it
-- eval_points_gained: how much better the latest is than the first, in points: hundredths where all its scores are from 0 to 1; as they are where the metric is known to be told in percent (BLEU, chrF, TER, ROUGE, F1, exact match, accuracy); else NULL
-- true_cost_to_date: true cost up to the end of the quarter
-- cost_per_eval_point: true_cost_to_date by point gained; NULL where nothing was gained
-- reason: why a figure is NULL
-- completeness: of the true cost, and so of each figure it stands in: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
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
        CAST(sum(
            config_sources.one_in * CASE WHEN is_cache_hit THEN 0 ELSE coalesce(input_tokens, 0) + coalesce(output_tokens, 0) END
        ) AS BIGINT) AS tokens
    FROM books.requests
    INNER JOIN config_sources USING (source)
    WHERE requests.status = 'current'
    GROUP BY ALL
),

gained AS (
    SELECT
        to_date.quarter,
        month_scores.*,
        CAST(
            headlines.points_in_one
            * (month_scores.latest_score - month_scores.first_score)
            * CASE WHEN month_scores.higher_is_better THEN 1 ELSE -1 END AS DECIMAL(18, 6)
        ) AS points
    FROM to_date
    INNER JOIN books.month_scores
        ON to_date.model_id = month_scores.model_id AND to_date.quarter_end = month_scores.month + INTERVAL 1 MONTH
    INNER JOIN books.headlines ON to_date.model_id = headlines.model_id
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
    gained.first_score AS baseline_score,
    gained.first_version AS baseline_version,
    gained.latest_score,
    gained.latest_version,
    gained.points AS eval_points_gained,
    CAST(to_date.true_cost_to_date AS DECIMAL(38, 20)) AS true_cost_to_date,
    CASE WHEN gained.points > 0 THEN ratio(to_date.true_cost_to_date, gained.points) END AS cost_per_eval_point,
    nullif(concat_ws(
        '; ',
        CASE WHEN used.requests IS NULL THEN 'no request log in this quarter' END,
        CASE WHEN used.tokens = 0 THEN 'the request log holds no tokens' END,
        CASE
            WHEN headlines.eval_count > 1 THEN 'there are several evals: name headline_eval under [[models]]'
            WHEN gained.model_id IS NULL THEN 'no eval scores so far'
            WHEN gained.points IS NULL THEN 'the scale of ' || gained.metric || ' is not known; name another headline_eval'
            WHEN gained.points <= 0 THEN 'no eval point gained so far'
        END
    ), '') AS reason,
    wholeness.completeness
FROM to_date
LEFT JOIN used USING (model_id, quarter)
LEFT JOIN books.headlines ON to_date.model_id = headlines.model_id
LEFT JOIN gained ON to_date.model_id = gained.model_id AND to_date.quarter = gained.quarter
LEFT JOIN wholeness USING (model_id, quarter)
ORDER BY to_date.model_id, to_date.quarter_start
