-- Where each planned model will end as things stand, and what its last decision would change: a retraining that it called for, held back
-- or left open, at the price that was put on it. Once a later run is promoted, or the model is abandoned, it is no scenario any more.
-- model_id: the fine-tuned model
-- scenario: as_it_stands; retrain
-- as_of: the day of the forecast
-- currency: currency of every amount in the row
-- budget: the plan's budget, or its planned mean where it names none
-- cost: what it adds; 0 as things stand
-- estimate_at_completion_p10: at completion; one draw in ten stays below
-- estimate_at_completion_p50: the same; half of the draws stay below
-- estimate_at_completion_p90: the same; one draw in ten exceeds it
-- probability_over_budget: share of the draws that end above the budget, 0 to 1, to the hundredth
-- over_pct: 100 x (estimate_at_completion_p50 - budget) / budget; NULL for a budget of nothing
-- verdict: what was decided: hold, re_evaluate or retrain; NULL as things stand
-- decided_at: when, UTC
-- is_lower_bound: whether what is spent is a lower bound, and so all of it
WITH decision AS (
    SELECT
        model_id,
        happened_at AS decided_at,
        json_extract_string(data, '$.verdict') AS verdict,
        CAST(json_extract_string(data, '$.retrain_cost') AS DECIMAL(38, 20)) AS cost
    FROM outlook.events
    WHERE kind = 'decision' AND happened_at < getvariable('as_of') + INTERVAL 1 DAY
    QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY event_id DESC) = 1
),

open_decision AS (
    SELECT decision.*
    FROM decision
    ANTI JOIN books.training_runs
        ON decision.model_id = training_runs.model_id
        AND training_runs.outcome = 'promoted'
        AND training_runs.decided_at > decision.decided_at
    LEFT JOIN config_models USING (model_id)
    WHERE decision.cost > 0 AND NOT coalesce(config_models.abandoned_on <= getvariable('as_of'), FALSE)
),

scenario AS (
    SELECT
        model_id,
        'as_it_stands' AS scenario,
        CAST(0 AS DECIMAL(38, 20)) AS cost,
        CAST(NULL AS VARCHAR) AS verdict,
        CAST(NULL AS TIMESTAMP) AS decided_at
    FROM outlook.forecast
    UNION ALL
    SELECT model_id, 'retrain' AS scenario, cost, verdict, decided_at
    FROM open_decision
),

chance AS (
    SELECT
        scenario.model_id,
        scenario.scenario,
        count(*) FILTER (percentile.estimate_at_completion + scenario.cost > forecast.budget) / 99 AS probability_over_budget
    FROM scenario
    INNER JOIN outlook.forecast ON scenario.model_id = forecast.model_id
    INNER JOIN outlook.forecast_percentiles AS percentile ON scenario.model_id = percentile.model_id
    GROUP BY scenario.model_id, scenario.scenario
)

SELECT
    scenario.model_id,
    scenario.scenario,
    forecast.as_of,
    forecast.currency,
    forecast.budget,
    scenario.cost,
    CAST(forecast.estimate_at_completion_p10 + scenario.cost AS DECIMAL(38, 20)) AS estimate_at_completion_p10,
    CAST(forecast.estimate_at_completion_p50 + scenario.cost AS DECIMAL(38, 20)) AS estimate_at_completion_p50,
    CAST(forecast.estimate_at_completion_p90 + scenario.cost AS DECIMAL(38, 20)) AS estimate_at_completion_p90,
    round(chance.probability_over_budget, 2) AS probability_over_budget,
    CAST(
        100 * ratio(
            CAST(forecast.estimate_at_completion_p50 + scenario.cost - forecast.budget AS DECIMAL(38, 20)), forecast.budget
        ) AS DECIMAL(38, 4)
    ) AS over_pct,
    scenario.verdict,
    scenario.decided_at,
    is_too_low(coalesce(so_far.completeness, 'complete')) AS is_lower_bound
FROM scenario
INNER JOIN outlook.forecast ON scenario.model_id = forecast.model_id
INNER JOIN chance
    ON scenario.model_id = chance.model_id AND scenario.scenario = chance.scenario
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON forecast.model_id = so_far.model_id AND forecast.as_of >= so_far.quarter_start
ORDER BY scenario.model_id, scenario.scenario = 'retrain'
