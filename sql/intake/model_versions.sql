INSERT INTO ledger.model_versions BY NAME
SELECT
    * EXCLUDE (row_index),
    CAST(to_json([run_id, stage, CAST(aliases AS VARCHAR), CAST(updated_at AS VARCHAR)]) AS VARCHAR) AS x_content,
    getvariable('delivery_id') AS x_delivery_id
FROM good
