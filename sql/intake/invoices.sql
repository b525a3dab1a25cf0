-- Good invoice lines of the staged delivery; the tax of a line is a charge of its own, as FOCUS has it, with the part
-- after the line's.
INSERT INTO ledger.charges BY NAME
SELECT
    * EXCLUDE (row_index, x_place, slot_no, x_tax_amount, x_document_kind, x_invoice_totals),
    slot_no AS x_slot_no,
    2 * x_place AS x_part,
    getvariable('delivery_id') AS x_delivery_id
FROM accepted;

INSERT INTO ledger.charges BY NAME
SELECT
    * EXCLUDE (row_index, x_place, slot_no, x_tax_amount, x_document_kind, x_invoice_totals) REPLACE (
        'Tax' AS charge_category,
        x_tax_amount AS billed_cost,
        x_tax_amount AS effective_cost,
        CAST(NULL AS DECIMAL(38, 20)) AS consumed_quantity
    ),
    slot_no AS x_slot_no,
    2 * x_place + 1 AS x_part,
    getvariable('delivery_id') AS x_delivery_id
FROM accepted
WHERE x_tax_amount <> 0
