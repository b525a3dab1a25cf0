-- Rows that failed an expectation, with the file's own values: nothing of them is lost. Of a file with very many, those
-- beyond `max_faults` are told by fault, and how many they are.
-- delivery_id: the delivery, in `deliveries`
-- source: the source it belongs to
-- file: the file
-- line: the line of the file
-- dataset: the suite that judged it
-- rule: the expectation it failed first
-- column_name: the file's column
-- value: the value as the file has it
-- message: what is wrong, in words
-- remedy: what to do
-- row_json: the whole row as JSON
-- rows: how many rows it stands for: 1, or the number of those that are not told one by one
-- is_outdated: whether the file has been delivered again since
SELECT
    quarantine.delivery_id,
    deliveries.source,
    deliveries.file,
    quarantine.line,
    quarantine.dataset,
    quarantine.rule,
    quarantine.column_name,
    quarantine.value,
    quarantine.message,
    quarantine.remedy,
    quarantine.row_json,
    quarantine.rows,
    deliveries.is_outdated
FROM log.quarantine
INNER JOIN books.deliveries USING (delivery_id)
ORDER BY quarantine.delivery_id, quarantine.line
