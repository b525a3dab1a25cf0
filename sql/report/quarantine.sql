-- Rows still in quarantine, in the order of their files.
SELECT file, line, rule, column_name, value, message || '; ' || remedy AS remedy, rows
FROM quarantine
WHERE NOT is_outdated
ORDER BY delivery_id, line
