-- The plans as they were frozen: what costs are held against from then on, until the next one.
-- model_id: the fine-tuned model
-- baseline: its number, from 1
-- frozen_at: when, UTC
-- frozen_by: who froze it
-- reason: why
-- currency: currency of every amount in the row
-- budget: the plan's budget; NULL where it names none
-- planned_mean: mean of the planned cost over the whole plan
-- planned_p10: planned cost that one draw in ten stays below
-- planned_p50: planned cost that half of the draws stay below
-- planned_p80: planned cost that one draw in five exceeds
-- planned_p90: planned cost that one draw in ten exceeds
-- plan_sha256: sha256 of the plan as it was written
-- is_in_force: whether it is the last of its model
SELECT
    model_id,
    CAST(json_extract_string(data, '$.baseline') AS INTEGER) AS baseline,
    happened_at AS frozen_at,
    json_extract_string(data, '$.by') AS frozen_by,
    json_extract_string(data, '$.reason') AS reason,
    json_extract_string(data, '$.currency') AS currency,
    CAST(json_extract_string(data, '$.budget') AS DECIMAL(38, 20)) AS budget,
    CAST(json_extract_string(data, '$.planned.mean') AS DECIMAL(38, 20)) AS planned_mean,
    CAST(json_extract_string(data, '$.planned.p10') AS DECIMAL(38, 20)) AS planned_p10,
    CAST(json_extract_string(data, '$.planned.p50') AS DECIMAL(38, 20)) AS planned_p50,
    CAST(json_extract_string(data, '$.planned.p80') AS DECIMAL(38, 20)) AS planned_p80,
    CAST(json_extract_string(data, '$.planned.p90') AS DECIMAL(38, 20)) AS planned_p90,
    json_extract_string(data, '$.sha256') AS plan_sha256,
    event_id = max(event_id) OVER (PARTITION BY model_id) AS is_in_force
FROM outlook.events
WHERE kind = 'baseline' AND happened_at < getvariable('as_of') + INTERVAL 1 DAY
ORDER BY event_id
