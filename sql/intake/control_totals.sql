-- Each money column's sum as read, by currency, and the part of it that was accepted (by slot), quarantined or skipped.
INSERT INTO log.control_totals
SELECT
    getvariable('delivery_id'),
    column_name,
    currency,
    part,
    slot_no,
    sum(amount)
FROM money
WHERE amount IS NOT NULL
GROUP BY column_name, currency, part, slot_no
