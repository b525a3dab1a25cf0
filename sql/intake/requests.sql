-- A request is known by its id, else by its content; requests of one file that are the same to the last letter are counted.
-- (md5: the log is long, and half the digest is half the ledger.)
CREATE OR REPLACE TEMP VIEW known AS
SELECT
    *,
    md5(CAST(to_json([
        request_id, model_id, CAST(requested_at AS VARCHAR), CAST(input_tokens AS VARCHAR), CAST(output_tokens AS VARCHAR),
        CAST(latency_ms AS VARCHAR), features
    ] || CASE WHEN cached_input_tokens IS NULL THEN [] ELSE [CAST(cached_input_tokens AS VARCHAR)] END
    || CASE WHEN model_version IS NULL THEN [] ELSE ['version ' || model_version] END) AS VARCHAR)) AS x_content
FROM good;

CREATE OR REPLACE TEMP TABLE repeats AS
WITH nameless AS (
    SELECT row_index, x_content FROM known WHERE request_id IS NULL
),

repeated AS (
    SELECT x_content FROM nameless GROUP BY x_content HAVING count(*) > 1
)

SELECT row_index, row_number() OVER (PARTITION BY x_content ORDER BY row_index) AS x_occurrence
FROM nameless
SEMI JOIN repeated USING (x_content);

INSERT INTO ledger.requests BY NAME
SELECT
    known.* EXCLUDE (row_index),
    coalesce(known.request_id, known.x_content) AS x_key,
    CAST(coalesce(repeats.x_occurrence, 1) AS INTEGER) AS x_occurrence,
    getvariable('delivery_id') AS x_delivery_id
FROM known
LEFT JOIN repeats USING (row_index);
