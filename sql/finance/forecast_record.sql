-- How good past forecasts were: the forecast at the end of each month of a plan, made again, of the plan's cost up to the last whole month
-- since, beside what came and what simpler forecasts say.
-- model_id: the fine-tuned model
-- as_of: the day of the forecast, the last of its month
-- until: first day of the last month that the forecast and the actual cost are of
-- currency: currency of every amount in the row
-- basis: landed: it knows what had landed by then; booked: too little had, and it knows what today's books say of the months up to then
-- forecast_p10: forecast of the cost up to and with `until`; one draw in ten stays below
-- forecast_p50: the same; half of the draws stay below
-- forecast_p90: the same; one draw in ten exceeds it
-- actual: what these months came to, as the books say today
-- is_inside: whether that lies from forecast_p10 to forecast_p90
-- error: forecast_p50 - actual
-- pinball: mean quantile loss of the three: 0.1, 0.5 and 0.9 of what a forecast lies below the actual, 0.9, 0.5 and 0.1 of what it lies above
-- last_quarter: forecast at the pace of the last three months
-- last_quarter_loss: its loss, half of its absolute error
-- linear: forecast at the pace of all months so far
-- linear_loss: its loss
-- cpi: forecast by plan x actual / plan
-- cpi_loss: its loss
-- is_lower_bound: whether the actual cost is one
WITH scored AS (
    SELECT *, pinball_loss(forecast_p10, forecast_p50, forecast_p90, actual) AS pinball
    FROM outlook.forecast_record
)

SELECT
    scored.model_id,
    scored.as_of,
    scored.until,
    scored.currency,
    scored.basis,
    scored.forecast_p10,
    scored.forecast_p50,
    scored.forecast_p90,
    scored.actual,
    scored.actual BETWEEN scored.forecast_p10 AND scored.forecast_p90 AS is_inside,
    CAST(scored.forecast_p50 - scored.actual AS DECIMAL(38, 20)) AS error,
    CAST(scored.pinball AS DECIMAL(38, 6)) AS pinball,
    scored.last_quarter,
    CAST(abs(scored.last_quarter - scored.actual) / 2 AS DECIMAL(38, 6)) AS last_quarter_loss,
    scored.linear,
    CAST(abs(scored.linear - scored.actual) / 2 AS DECIMAL(38, 6)) AS linear_loss,
    scored.cpi,
    CAST(abs(scored.cpi - scored.actual) / 2 AS DECIMAL(38, 6)) AS cpi_loss,
    is_too_low(coalesce(so_far.completeness, 'complete')) AS is_lower_bound
FROM scored
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON scored.model_id = so_far.model_id AND scored.until >= so_far.quarter_start
ORDER BY scored.model_id, scored.as_of
