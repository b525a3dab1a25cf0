-- What the staged delivery wrote to a table: how many rows, and a sum of their hashes, whatever their order.
INSERT INTO log.contents
SELECT
    $delivery AS delivery_id,
    $name AS table_name,
    count(*) AS rows,
    sum(hash(written)) AS content
FROM {{table}} AS written -- noqa: AL05
WHERE {{delivery_column}} = $delivery
HAVING count(*) > 0
