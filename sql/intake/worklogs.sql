-- Entries that share a key are numbered by what they say, not by where they stand: another sorting of the same export is
-- the same.
INSERT INTO ledger.worklogs BY NAME
WITH told AS (
    SELECT
        *,
        CAST(to_json([
            role, client, description, tags, CAST(seconds AS VARCHAR), CAST(stated_cost AS VARCHAR), stated_currency
        ]) AS VARCHAR) AS content
    FROM good
)

SELECT
    * EXCLUDE (row_index, content),
    CAST(row_number() OVER (
        PARTITION BY person, started_at, project, task, key_text ORDER BY content, row_index
    ) AS INTEGER) AS x_occurrence,
    sha256(content) AS x_content,
    getvariable('delivery_id') AS x_delivery_id
FROM told
