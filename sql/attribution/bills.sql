-- The bills that cover usage: the charges split by what was used of their pool.
SELECT DISTINCT shares.x_delivery_id || ':' || shares.x_line || ':' || shares.x_part AS charge_id, shares.x_delivery_id, shares.x_line
FROM books.pool_usage
INNER JOIN books.shares USING (pool_no)
WHERE pool_usage.x_delivery_id = $delivery_id AND pool_usage.x_line = $line AND pool_usage.x_part = $part
ORDER BY shares.x_delivery_id, shares.x_line, charge_id
