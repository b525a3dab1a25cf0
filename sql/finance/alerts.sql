-- Every message of the alerts, a row a change of state: what was raised, who has seen it, and whether it still holds.
-- id: number of the alert: `truecost alerts ack ID`
-- rule: overspend, budget, volume, drift, eval_decay; of the workspace as a whole deliveries, silence, books, budget
-- model_id: the model; NULL where it is the workspace as a whole
-- state: OK, WARNING, ALERT or NO_DATA
-- previous_state: the state before; NULL where it is the first
-- raised_at: when the state began, UTC
-- ended_at: when another state took its place, UTC; NULL while it holds
-- reminded_at: when it was last told again, UTC
-- delivered_at: when the message first reached an address, UTC; NULL while it has reached none
-- acknowledged_at: when someone acknowledged it, UTC
-- message: what was told
-- drivers: what weighs most, the largest first
WITH known AS (
    SELECT event_id, kind, happened_at, model_id, data
    FROM outlook.events
    WHERE
        happened_at < getvariable('as_of') + INTERVAL 1 DAY
        AND (model_id = '' OR model_id IN (SELECT config_models.model_id FROM config_models))
),

state AS (
    SELECT
        event_id AS id,
        json_extract_string(data, '$.rule') AS rule,
        model_id,
        json_extract_string(data, '$.state') AS state,
        json_extract_string(data, '$.previous') AS previous_state,
        happened_at AS raised_at,
        lead(happened_at) OVER (PARTITION BY model_id, json_extract_string(data, '$.rule') ORDER BY event_id) AS ended_at,
        json_extract_string(data, '$.message') AS message,
        CAST(json_extract(data, '$.drivers') AS VARCHAR[]) AS drivers,
        CAST(json_extract(data, '$.is_told') AS BOOLEAN) AS is_told
    FROM known
    WHERE kind = 'alert'
),

followed AS (
    SELECT
        CAST(coalesce(json_extract(data, '$.alert_id'), json_extract(data, '$.message_id')) AS INTEGER) AS id,
        max(happened_at) FILTER (WHERE kind = 'reminder') AS reminded_at,
        min(happened_at) FILTER (WHERE kind = 'delivered') AS delivered_at,
        min(happened_at) FILTER (WHERE kind = 'acknowledged') AS acknowledged_at
    FROM known
    WHERE kind IN ('reminder', 'delivered', 'acknowledged')
    GROUP BY id
)

SELECT
    state.id,
    state.rule,
    nullif(state.model_id, '') AS model_id,
    state.state,
    state.previous_state,
    state.raised_at,
    state.ended_at,
    followed.reminded_at,
    followed.delivered_at,
    followed.acknowledged_at,
    state.message,
    state.drivers
FROM state
LEFT JOIN followed USING (id)
WHERE state.is_told
ORDER BY state.id
