-- What has happened and is not billed yet, by the source that is waited for: the mean of what the forecast expects of it up to as_of.
-- model_id: the fine-tuned model
-- source: who is to tell it
-- as_of: the day of the forecast
-- currency: currency of every amount in the row
-- heard_until: the first day it has not spoken for; one that speaks by the month speaks for all of it
-- rhythm_days: the median of the days between its records; NULL where there is only one
-- every_days: how long it may be silent, as [[expected]] says; NULL where it is not named there
-- amount: what is expected of it for the days since, up to as_of
WITH expected AS (
    SELECT source, min(every_days) AS every_days FROM config_expected GROUP BY source
)

SELECT
    nowcast.model_id,
    nowcast.source,
    forecast.as_of,
    forecast.currency,
    nowcast.heard_until,
    nowcast.rhythm_days,
    expected.every_days,
    nowcast.amount
FROM outlook.nowcast
INNER JOIN outlook.forecast USING (model_id)
LEFT JOIN expected USING (source)
ORDER BY nowcast.model_id, nowcast.amount DESC, nowcast.source
