-- What each delivery wrote, table by table.
SELECT delivery_id, table_name, rows, content
FROM log.contents
ORDER BY delivery_id, table_name
