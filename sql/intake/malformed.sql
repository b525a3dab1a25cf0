-- Records that can't be split into their columns, as text.
INSERT INTO log.quarantine BY NAME
SELECT
    getvariable('delivery_id') AS delivery_id,
    line,
    getvariable('delivery_dataset') AS dataset,
    'well_formed' AS rule,
    left(text, 200) AS value,
    message,
    'export the file again, or mend the line' AS remedy,
    CAST([] AS VARCHAR[]) AS also_failed,
    CAST(to_json({'text': text}) AS VARCHAR) AS row_json
FROM malformed
