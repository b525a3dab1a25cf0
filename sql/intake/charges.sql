-- Good charges of the staged delivery. A row's part is even: rows that start on the same line are told apart by it.
INSERT INTO ledger.charges BY NAME
SELECT
    * EXCLUDE (row_index, x_place, slot_no),
    slot_no AS x_slot_no,
    2 * x_place AS x_part,
    getvariable('delivery_id') AS x_delivery_id
FROM accepted
