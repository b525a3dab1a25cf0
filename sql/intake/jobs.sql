INSERT INTO ledger.jobs BY NAME
SELECT
    * EXCLUDE (row_index),
    sha256(CAST(to_json([
        account, user_name, "partition", qos, job_name, state, CAST(submitted_at AS VARCHAR), CAST(ended_at AS VARCHAR),
        CAST(elapsed_seconds AS VARCHAR), CAST(gpu_types AS VARCHAR), gpu_source, CAST(cpus AS VARCHAR)
    ]) AS VARCHAR)) AS x_content,
    getvariable('delivery_id') AS x_delivery_id
FROM good
