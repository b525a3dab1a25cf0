INSERT INTO ledger.fx_rates BY NAME
SELECT
    * EXCLUDE (row_index),
    CAST(to_json(rates) AS VARCHAR) AS x_content,
    getvariable('delivery_id') AS x_delivery_id
FROM good
