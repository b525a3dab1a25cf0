-- Good charges of the staged delivery; the tax of an invoice line is a charge of its own, as FOCUS has it.
INSERT INTO ledger.charges BY NAME
SELECT
    * EXCLUDE (row_index, x_tax_amount, slot_no),
    slot_no AS x_slot_no,
    0 AS x_part,
    getvariable('delivery_id') AS x_delivery_id
FROM accepted;

INSERT INTO ledger.charges BY NAME
SELECT
    * EXCLUDE (row_index, x_tax_amount, slot_no) REPLACE (
        'Tax' AS charge_category,
        x_tax_amount AS billed_cost,
        x_tax_amount AS effective_cost,
        CAST(NULL AS DECIMAL(38, 20)) AS consumed_quantity
    ),
    slot_no AS x_slot_no,
    1 AS x_part,
    getvariable('delivery_id') AS x_delivery_id
FROM accepted
WHERE x_tax_amount <> 0;
