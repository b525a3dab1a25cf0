-- Bad rows with the file's own values: nothing of them is lost; and with what could be read of them all the same.
INSERT INTO log.quarantine BY NAME
WITH read AS (
    SELECT row_index, CAST(to_json(lined) AS VARCHAR) AS read_json
    FROM (SELECT lined.* EXCLUDE (checks, skip_reason, x_line, x_place) FROM lined) AS lined
    SEMI JOIN (FROM faulty WHERE is_kept) AS kept ON lined.row_index = kept.row_index
)

SELECT
    getvariable('delivery_id') AS delivery_id,
    faulty.line,
    getvariable('delivery_dataset') AS dataset,
    faults.first.rule,
    coalesce(file_columns.file_column, faults.first.column_name) AS column_name,
    faulty_values.fields[file_columns.file_column] AS value,
    faults.first.message,
    faults.first.remedy,
    list_filter(
        faults.failed,
        lambda other: other <> faults.first.rule || ': ' || faults.first.column_name
    ) AS also_failed,
    CAST(to_json(faulty_values.fields) AS VARCHAR) AS row_json,
    1 AS rows,
    read.read_json,
    read_first_day(read.read_json) AS first_day,
    read_last_day(read.read_json) AS last_day
FROM faulty
INNER JOIN faults USING (group_id)
INNER JOIN faulty_values USING (row_index)
INNER JOIN read USING (row_index)
LEFT JOIN file_columns ON faults.first.column_name = file_columns.column_name
WHERE faulty.is_kept
ORDER BY faulty.line;

-- Of more bad rows than are kept in full, how many there are of each fault, at the first of them.
INSERT INTO log.quarantine BY NAME
WITH read AS (
    SELECT row_index, CAST(to_json(lined) AS VARCHAR) AS read_json
    FROM (SELECT lined.* EXCLUDE (checks, skip_reason, x_line, x_place) FROM lined) AS lined
    SEMI JOIN (FROM faulty WHERE NOT is_kept) AS told_in_sum ON lined.row_index = told_in_sum.row_index
),

beyond AS (
    SELECT
        any_value(faults.first) AS fault,
        min(faulty.line) AS line,
        count(*) AS rows,
        min(read_first_day(read.read_json)) AS first_day,
        max(read_last_day(read.read_json)) AS last_day
    FROM faulty
    INNER JOIN faults USING (group_id)
    INNER JOIN read USING (row_index)
    WHERE NOT faulty.is_kept
    GROUP BY faults.first.position
)

SELECT
    getvariable('delivery_id') AS delivery_id,
    beyond.line,
    getvariable('delivery_dataset') AS dataset,
    beyond.fault.rule,
    coalesce(file_columns.file_column, beyond.fault.column_name) AS column_name,
    more_rows(beyond.rows, beyond.fault.message) AS message,
    beyond.fault.remedy,
    CAST([] AS VARCHAR[]) AS also_failed,
    beyond.rows,
    beyond.first_day,
    beyond.last_day
FROM beyond
LEFT JOIN file_columns ON beyond.fault.column_name = file_columns.column_name
ORDER BY beyond.line
