-- A few thousand sampled requests as rows of column and text: enough to tell what each column is like.
CREATE OR REPLACE TEMP TABLE drift_probe AS
WITH probed AS MATERIALIZED (
    SELECT *
    FROM drift_sample
    WHERE request_hash <= CASE side
        WHEN 'reference' THEN CAST($reference_limit AS UBIGINT)
        ELSE CAST($current_limit AS UBIGINT)
    END
),

quantity AS (
    SELECT
        side,
        requested_at,
        unnest(['input_tokens', 'output_tokens', 'latency_ms']) AS name,
        unnest([CAST(input_tokens AS VARCHAR), CAST(output_tokens AS VARCHAR), CAST(latency_ms AS VARCHAR)]) AS value
    FROM probed
),

feature_object AS (
    SELECT side, requested_at, features, json_keys(features) AS names
    FROM probed
    WHERE json_type(features) = 'OBJECT'
),

feature_name AS (
    SELECT side, requested_at, features, unnest(names) AS name
    FROM feature_object
),

feature AS (
    SELECT
        side,
        requested_at,
        name,
        json_extract_string(features, '/' || replace(replace(name, '~', '~0'), '/', '~1')) AS value
    FROM feature_name
    WHERE NOT list_contains(['input_tokens', 'output_tokens', 'latency_ms'], name)
)

FROM quantity
WHERE value IS NOT NULL
UNION ALL
FROM feature
WHERE value IS NOT NULL
