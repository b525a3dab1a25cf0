-- The slots that the staged delivery speaks for.
INSERT INTO log.claims BY NAME
SELECT getvariable('delivery_id') AS delivery_id, slot_no, slot, content, rows_accepted, period, is_incomplete
FROM slots
