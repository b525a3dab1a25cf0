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
WITH
-- Shares are added up as decimals: the sum of floating-point numbers would hang on their order.
scored AS (
    SELECT
        *,
        share_of_actual(forecast_p50 - actual, actual) AS off,
        share_of_actual(pinball_loss(forecast_p10, forecast_p50, forecast_p90, actual), actual) AS loss_share,
        share_of_actual(abs(last_quarter - actual) / 2, actual) AS last_quarter_share,
        share_of_actual(abs(linear - actual) / 2, actual) AS linear_share,
        share_of_actual(abs(cpi - actual) / 2, actual) AS cpi_share
    FROM outlook.forecast_record
)

SELECT
    scored.model_id,
    max(scored.until) AS until,
    count(*) AS forecasts,
    count(*) FILTER (scored.actual BETWEEN scored.forecast_p10 AND scored.forecast_p90) AS inside,
    inside / forecasts AS coverage,
    100 * coalesce(sum(scored.off) / count(scored.off), 0) AS bias_pct,
    coalesce(sum(scored.loss_share) / count(scored.loss_share), 0) AS loss,
    coalesce(sum(scored.last_quarter_share) / count(scored.last_quarter_share), 0) AS last_quarter_loss,
    coalesce(sum(scored.linear_share) / count(scored.linear_share), 0) AS linear_loss,
    coalesce(sum(scored.cpi_share) / count(scored.cpi_share), 0) AS cpi_loss,
    bool_or(is_too_low(coalesce(so_far.completeness, 'complete'))) AS is_lower_bound
FROM scored
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON scored.model_id = so_far.model_id AND scored.until >= so_far.quarter_start
GROUP BY scored.model_id
ORDER BY scored.model_id
