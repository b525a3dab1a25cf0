-- Records that can't be split into their columns, as text; where one stands for several, how many they are.
INSERT INTO log.quarantine BY NAME
SELECT
    getvariable('delivery_id') AS delivery_id,
    line,
    getvariable('delivery_dataset') AS dataset,
    'well_formed' AS rule,
    left(text, 200) AS value,
    CASE WHEN rows > 1 THEN more_rows(rows, message) ELSE message END AS message,
    'export the file again, or mend the line' AS remedy,
    CAST([] AS VARCHAR[]) AS also_failed,
    CAST(to_json({'text': text}) AS VARCHAR) AS row_json,
    rows
FROM malformed
