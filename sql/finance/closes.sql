-- Every close of a quarter, and what became of it.
-- quarter: the quarter
-- version: 1, and one more after each reopening
-- closed_at: when it was closed, UTC
-- approver: who approved it
-- accepted: the checks that spoke against it and were accepted, as a JSON list
-- accepted_because: why, as a JSON object by check; a check without a reason is not in it
-- found: what the accepted checks had found, as a JSON object by check
-- content_hash: sha256 of the figures and of the settings that gave them their meaning
-- row_count: the costs frozen
-- reopened_at: when it was reopened, UTC; NULL while it is closed
-- reopened_by: who reopened it
-- reopened_because: the reason
WITH event AS (
    SELECT
        event_id,
        kind,
        happened_at,
        data,
        json_extract_string(data, '$.quarter') AS quarter,
        CAST(json_extract_string(data, '$.version') AS INTEGER) AS version
    FROM outlook.events
    WHERE kind IN ('close', 'reopen')
)

SELECT
    closed.quarter,
    closed.version,
    closed.happened_at AS closed_at,
    json_extract_string(closed.data, '$.approver') AS approver,
    CAST(json_extract(closed.data, '$.accepted') AS VARCHAR) AS accepted,
    coalesce(CAST(json_extract(closed.data, '$.reasons') AS VARCHAR), '{}') AS accepted_because,
    coalesce(CAST(json_extract(closed.data, '$.findings') AS VARCHAR), '{}') AS found,
    json_extract_string(closed.data, '$.content_hash') AS content_hash,
    CAST(json_extract_string(closed.data, '$.row_count') AS BIGINT) AS row_count,
    reopened.happened_at AS reopened_at,
    json_extract_string(reopened.data, '$.by') AS reopened_by,
    json_extract_string(reopened.data, '$.reason') AS reopened_because
FROM event AS closed
LEFT JOIN event AS reopened
    ON reopened.kind = 'reopen' AND closed.quarter = reopened.quarter AND closed.version = reopened.version
WHERE closed.kind = 'close'
ORDER BY closed.event_id
