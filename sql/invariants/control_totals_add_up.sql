-- Nothing lost, nothing doubled: each money column's total splits exactly.
SELECT
    'delivery ' || delivery_id || ', ' || column_name || ' in ' || coalesce(currency, 'no currency') AS subject,
    amount_read || ' read is not the sum of its parts' AS fault
FROM books.control_totals
WHERE amount_read <> amount_loaded + amount_quarantined + amount_duplicate + amount_held + amount_skipped
