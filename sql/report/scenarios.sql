-- Where each plan will end as things stand, and with what was decided, as known before $1.
SELECT *
FROM forecast_scenarios
WHERE as_of < $1
ORDER BY model_id, cost
