INSERT INTO ledger.rates BY NAME
SELECT
    * EXCLUDE (row_index),
    CAST(price_per_gpu_hour AS VARCHAR) || ' until ' || coalesce(CAST(valid_to AS VARCHAR), '') AS x_content,
    getvariable('delivery_id') AS x_delivery_id
FROM good
