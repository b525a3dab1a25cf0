INSERT INTO ledger.training_runs BY NAME
SELECT
    * EXCLUDE (row_index),
    sha256(CAST(to_json([
        parent_run_id, model_id, CAST(job_ids AS VARCHAR), CAST(started_at AS VARCHAR), CAST(ended_at AS VARCHAR), outcome,
        CAST(decided_at AS VARCHAR)
    ]) AS VARCHAR)) AS x_content,
    getvariable('delivery_id') AS x_delivery_id
FROM good
