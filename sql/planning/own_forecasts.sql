-- How wide past forecasts should have been: four in five of the costs that came lay within so many times the way from P50 to P10 or P90.
-- Forecasts of a model and quarter are of the same months, and count as one.
SELECT
    count(DISTINCT row(model_id, date_trunc('quarter', as_of))) AS forecasts,
    quantile_cont(
        CAST(abs(error) AS DOUBLE)
        / CAST(CASE WHEN error < 0 THEN forecast_p90 - forecast_p50 ELSE forecast_p50 - forecast_p10 END AS DOUBLE),
        0.8
    ) AS off
FROM forecast_record
WHERE NOT is_lower_bound AND forecast_p10 < forecast_p50 AND forecast_p50 < forecast_p90
