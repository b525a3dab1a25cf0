-- The bills that cover usage, and whether they pay for all of it: the charges split by what was used of their pools.
WITH bill AS (
    SELECT DISTINCT
        pool_usage.x_delivery_id,
        pool_usage.x_line,
        pool_usage.x_part,
        shares.x_delivery_id AS bill_id,
        shares.x_line AS bill_line,
        shares.x_part AS bill_part
    FROM books.pool_usage
    INNER JOIN books.shares USING (pool_no)
    WHERE pool_usage.x_delivery_id = $delivery_id AND pool_usage.x_line = $line AND pool_usage.x_part = $part
)

SELECT
    bill.bill_id || ':' || bill.bill_line || ':' || bill.bill_part AS charge_id,
    covered.covered_parts = covered.all_parts AS pays_for_all
FROM bill
INNER JOIN books.covered USING (x_delivery_id, x_line, x_part)
ORDER BY bill_id, bill_line, bill_part
