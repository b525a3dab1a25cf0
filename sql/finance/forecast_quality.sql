-- How good each model's past forecasts were on the whole: `forecast_record` added up.
-- model_id: the fine-tuned model
-- until: first day of the last month that the forecasts and the actual cost are of
-- forecasts: how many there are, one at the end of each month
-- inside: of how many the actual cost lies from P10 to P90
-- coverage: inside / forecasts; four in five are meant
-- bias_pct: 100 x (P50 - actual) / actual, the mean; above zero they were too high
-- loss: mean pinball loss as a share of the actual cost
-- last_quarter_loss: that of a forecast at the pace of the last three months
-- linear_loss: that of one at the pace of all months so far
-- cpi_loss: that of plan x actual / plan
-- is_lower_bound: whether the actual cost is one: what is missing of it counts as a forecast that was too high
WITH scored AS (
    SELECT *, pinball_loss(forecast_p10, forecast_p50, forecast_p90, actual) AS loss
    FROM outlook.forecast_record
)

SELECT
    scored.model_id,
    max(scored.until) AS until,
    count(*) AS forecasts,
    count(*) FILTER (scored.actual BETWEEN scored.forecast_p10 AND scored.forecast_p90) AS inside,
    inside / forecasts AS coverage,
    coalesce(100 * avg(CAST(scored.forecast_p50 - scored.actual AS DOUBLE) / nullif(CAST(scored.actual AS DOUBLE), 0)), 0)
        AS bias_pct,
    coalesce(avg(CAST(scored.loss AS DOUBLE) / nullif(CAST(scored.actual AS DOUBLE), 0)), 0) AS loss,
    coalesce(avg(CAST(abs(scored.last_quarter - scored.actual) AS DOUBLE) / 2 / nullif(CAST(scored.actual AS DOUBLE), 0)), 0)
        AS last_quarter_loss,
    coalesce(avg(CAST(abs(scored.linear - scored.actual) AS DOUBLE) / 2 / nullif(CAST(scored.actual AS DOUBLE), 0)), 0)
        AS linear_loss,
    coalesce(avg(CAST(abs(scored.cpi - scored.actual) AS DOUBLE) / 2 / nullif(CAST(scored.actual AS DOUBLE), 0)), 0) AS cpi_loss,
    bool_or(is_too_low(coalesce(so_far.completeness, 'complete'))) AS is_lower_bound
FROM scored
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON scored.model_id = so_far.model_id AND scored.until >= so_far.quarter_start
GROUP BY scored.model_id
ORDER BY scored.model_id
