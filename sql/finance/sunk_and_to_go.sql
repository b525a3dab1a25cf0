-- What is spent and what is still to come, kept apart: what is sunk can't speak for going on, only what is to go can.
-- model_id: the model
-- as_of: the day of the forecast; without a plan, the day the books were published
-- currency: currency of every amount in the row
-- sunk: spent so far, up to the running month
-- to_go_p10: still to come by the plan, in the best tenth of the trials or better; 0 once the model is abandoned
-- to_go_p50: half of the trials
-- to_go_p90: nine tenths of the trials
-- reason: why to_go is not known
-- completeness: of what is sunk: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
WITH spent AS (
    SELECT model_id, CAST(sum(cost) AS DECIMAL(38, 20)) AS sunk
    FROM books.posted
    WHERE model_id IS NOT NULL AND cost IS NOT NULL AND month <= getvariable('as_of')
    GROUP BY model_id
),

model AS (
    SELECT model_id FROM config_models
    UNION
    SELECT model_id FROM spent
    UNION
    SELECT model_id FROM outlook.forecast
),

known AS (
    SELECT
        model.model_id,
        coalesce(forecast.as_of, CAST(getvariable('as_of') AS DATE)) AS known_on,
        coalesce(forecast.actual_to_date, spent.sunk, 0) AS sunk,
        forecast.model_id IS NOT NULL AS is_planned,
        coalesce(config_models.abandoned_on <= known_on, FALSE) AS is_abandoned,
        forecast.estimate_at_completion_p10 - forecast.actual_to_date AS to_go_p10,
        forecast.estimate_at_completion_p50 - forecast.actual_to_date AS to_go_p50,
        forecast.estimate_at_completion_p90 - forecast.actual_to_date AS to_go_p90
    FROM model
    LEFT JOIN config_models USING (model_id)
    LEFT JOIN spent USING (model_id)
    LEFT JOIN outlook.forecast USING (model_id)
)

SELECT
    known.model_id,
    known_on AS as_of,
    getvariable('reporting_currency') AS currency,
    CAST(sunk AS DECIMAL(38, 20)) AS sunk,
    CAST(CASE WHEN is_abandoned THEN 0 ELSE to_go_p10 END AS DECIMAL(38, 20)) AS to_go_p10,
    CAST(CASE WHEN is_abandoned THEN 0 ELSE to_go_p50 END AS DECIMAL(38, 20)) AS to_go_p50,
    CAST(CASE WHEN is_abandoned THEN 0 ELSE to_go_p90 END AS DECIMAL(38, 20)) AS to_go_p90,
    CASE WHEN NOT is_planned AND NOT is_abandoned THEN 'it has no plan' END AS reason,
    coalesce(so_far.completeness, 'complete') AS completeness
FROM known
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON known.model_id = so_far.model_id AND known.known_on >= so_far.quarter_start
ORDER BY known.model_id
