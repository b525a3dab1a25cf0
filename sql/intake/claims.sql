-- The slots that the staged delivery speaks for, and the sub-accounts that it names in each.
INSERT INTO log.claims BY NAME
WITH named AS (
    SELECT x_slot_no AS slot_no, list(DISTINCT sub_account_id ORDER BY sub_account_id) AS accounts
    FROM ledger.charges
    WHERE x_delivery_id = getvariable('delivery_id') AND sub_account_id IS NOT NULL
    GROUP BY x_slot_no
)

SELECT
    getvariable('delivery_id') AS delivery_id,
    slots.slot_no,
    slots.slot,
    slots.content,
    slots.rows_accepted,
    slots.period,
    slots.is_incomplete,
    named.accounts
FROM slots
LEFT JOIN named USING (slot_no)
