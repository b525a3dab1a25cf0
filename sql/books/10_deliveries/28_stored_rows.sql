-- How many rows of each delivery the ledger holds when one asks: the tax of an invoice's line is no row of its own.
CREATE OR REPLACE VIEW books.stored_rows AS
SELECT x_delivery_id AS delivery_id, count(*) FILTER (x_part % 2 = 0) AS stored_rows
FROM ledger.charges
GROUP BY x_delivery_id
UNION ALL
SELECT x_delivery_id, count(*)
FROM ({{rows_of_datasets}})
GROUP BY x_delivery_id
