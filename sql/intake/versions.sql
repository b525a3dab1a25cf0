-- Good rows of the staged delivery, for a dataset that has no query of its own: what a row says is every column that is
-- not of its key.
INSERT INTO {{ledger_table}} BY NAME
SELECT
    * EXCLUDE (row_index),
    sha256(CAST(to_json({{told}}) AS VARCHAR)) AS x_content,
    getvariable('delivery_id') AS x_delivery_id
FROM good
