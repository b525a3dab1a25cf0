-- Rows still in quarantine, in the order of their files, with the whole row.
SELECT source, file, line, dataset, rule, column_name, value, message, remedy, row_json
FROM quarantine
WHERE NOT is_outdated
ORDER BY delivery_id, line
