-- Nothing lost, nothing doubled: the rows of every delivery add up.
SELECT
    file || ' (delivery ' || delivery_id || ')' AS subject,
    rows_read || ' rows read are not ' || rows_loaded || ' loaded + ' || rows_quarantined || ' quarantined + '
    || rows_duplicate || ' duplicate + ' || rows_held || ' held + ' || rows_skipped || ' skipped' AS fault
FROM books.deliveries
WHERE rows_read <> rows_loaded + rows_quarantined + rows_duplicate + rows_held + rows_skipped
