-- What is spent and what is still to come, kept apart: what is sunk can't speak for going on, only what is to go can.
-- model_id: the model
-- as_of: the day of the forecast
-- currency: currency of every amount in the row
-- sunk: spent so far
-- to_go_p10: still to come by the plan, in the best tenth of the trials or better
-- to_go_p50: half of the trials
-- to_go_p90: nine tenths of the trials
SELECT
    model_id,
    as_of,
    currency,
    actual_to_date AS sunk,
    CAST(estimate_at_completion_p10 - actual_to_date AS DECIMAL(38, 20)) AS to_go_p10,
    CAST(estimate_at_completion_p50 - actual_to_date AS DECIMAL(38, 20)) AS to_go_p50,
    CAST(estimate_at_completion_p90 - actual_to_date AS DECIMAL(38, 20)) AS to_go_p90
FROM outlook.forecast
ORDER BY model_id
