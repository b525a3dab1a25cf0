-- How good past forecasts were, where all they are of had begun before $1.
SELECT *
FROM forecast_quality
WHERE until < $1
ORDER BY model_id
