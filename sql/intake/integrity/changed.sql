-- Deliveries whose rows in a table are no longer those they wrote.
SELECT
    coalesce(now.delivery_id, told.delivery_id) AS delivery_id,
    coalesce(now.rows, 0) AS rows_now,
    coalesce(told.rows, 0) AS rows_told
FROM (
    SELECT {{delivery_column}} AS delivery_id, count(*) AS rows, sum(hash(written)) AS content
    FROM {{table}} AS written -- noqa: AL05
    GROUP BY {{delivery_column}}
) AS now
FULL JOIN (SELECT delivery_id, rows, content FROM log.contents WHERE table_name = $name) AS told
    ON now.delivery_id = told.delivery_id
WHERE (coalesce(now.rows, 0), coalesce(now.content, 0)) <> (coalesce(told.rows, 0), coalesce(told.content, 0))
ORDER BY delivery_id
