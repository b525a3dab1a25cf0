INSERT INTO log.claims
SELECT getvariable('delivery_id'), slot_no, slot, content, rows_accepted
FROM slots
