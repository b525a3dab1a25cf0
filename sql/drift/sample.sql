-- The requests of one window whose key, hashed with the seed, is at most $hash_limit: the same ones whatever the order of the rows
-- or the number of threads.
INSERT INTO drift_sample
WITH hashed AS (
    SELECT
        requested_at,
        input_tokens,
        output_tokens,
        latency_ms,
        features,
        hash($seed, source, x_key, x_occurrence) AS request_hash
    FROM books.requests
    WHERE status = 'current'
        AND model_id = $model
        AND requested_at >= CAST($window_start AS TIMESTAMP)
        AND requested_at < CAST($window_end AS TIMESTAMP)
)

SELECT $side, request_hash, requested_at, input_tokens, output_tokens, latency_ms, features
FROM hashed
WHERE request_hash <= CAST($hash_limit AS UBIGINT)
