-- The requests of a model from $start to $end, day by day: how many, and what each column that is watched was like. Of a log
-- with very many a day, those whose key, hashed with the seed, comes first.
WITH taken AS (
    SELECT
        date_diff('day', date_trunc('day', CAST($start AS TIMESTAMP)), date_trunc('day', requested_at)) AS day_no,
        input_tokens,
        output_tokens,
        latency_ms,
        json_extract_string(features, CAST($pointers AS VARCHAR[])) AS feature_values{{hashed}}
    FROM books.requests
    WHERE status = 'current'
        AND model_id = $model
        AND requested_at >= CAST($start AS TIMESTAMP)
        AND requested_at < CAST($end AS TIMESTAMP)
        AND {{sampled}}
),

typed AS (
    SELECT day_no{{values}}
    FROM taken
)

SELECT
    day_no,
    count(*) AS request_count{{summaries}}
FROM typed
GROUP BY day_no
ORDER BY day_no
