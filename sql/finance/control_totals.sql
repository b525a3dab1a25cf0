-- Control totals: amount_read = amount_loaded + amount_quarantined + amount_duplicate + amount_held + amount_skipped, to the last digit.
-- delivery_id: the delivery, in `deliveries`
-- column_name: the money column
-- currency: as the file says; amounts of different currencies are never added
-- amount_read: sum of every amount that can be read
-- amount_loaded: the part in the ledger
-- amount_quarantined: the part in quarantine
-- amount_duplicate: the part already held
-- amount_held: the part that waits for a decision, or was rejected
-- amount_skipped: the part the format says to skip
SELECT
    delivery_id,
    column_name,
    currency,
    amount_read,
    amount_loaded,
    amount_quarantined,
    amount_duplicate,
    amount_held,
    amount_skipped
FROM books.control_totals
ORDER BY delivery_id, column_name, currency
