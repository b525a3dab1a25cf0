-- Bad rows with the file's own values: nothing of them is lost.
INSERT INTO log.quarantine BY NAME
SELECT
    getvariable('delivery_id') AS delivery_id,
    faulty.line,
    getvariable('delivery_dataset') AS dataset,
    faulty.rule,
    coalesce(file_columns.file_column, faulty.column_name) AS column_name,
    faulty_values.fields[file_columns.file_column] AS value,
    faulty.message,
    faulty.remedy,
    faulty.also_failed,
    CAST(to_json(faulty_values.fields) AS VARCHAR) AS row_json
FROM faulty
INNER JOIN faulty_values USING (row_index)
LEFT JOIN file_columns USING (column_name)
ORDER BY faulty.line
