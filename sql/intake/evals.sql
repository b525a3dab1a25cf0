INSERT INTO ledger.evals BY NAME
SELECT
    * EXCLUDE (row_index),
    CAST(to_json([CAST(score AS VARCHAR), CAST(stderr AS VARCHAR), CAST(n AS VARCHAR), CAST(higher_is_better AS VARCHAR)]) AS VARCHAR)
        AS x_content,
    getvariable('delivery_id') AS x_delivery_id
FROM good
