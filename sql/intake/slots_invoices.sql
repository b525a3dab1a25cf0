-- Invoices: a slot is an issuer's invoice; its content is its lines, in whatever order they came. A credit note may carry
-- the number of an invoice: it has a slot of its own.
CREATE OR REPLACE TEMP TABLE slots AS
WITH line AS (
    SELECT
        row_index,
        invoice_issuer_name,
        invoice_id,
        x_document_kind,
        CAST(to_json(struct_pack(
            x_issued_at, billing_currency, billed_cost, x_tax_amount, charge_description, charge_period_start,
            charge_period_end, consumed_quantity, consumed_unit, tags,
            charge_category, prepaid_amount, rounding_amount
        )) AS VARCHAR) AS content
    FROM (SELECT *, x_invoice_totals.prepaid_amount, x_invoice_totals.rounding_amount FROM good)
),

-- An invoice is incomplete where a row of it is quarantined; a row that names no invoice may be of any.
faulty_line AS (
    SELECT invoice_issuer_name, invoice_id, x_document_kind FROM staged SEMI JOIN faulty USING (row_index)
)

SELECT
    row_number() OVER (ORDER BY min(row_index)) AS slot_no,
    invoice_issuer_name,
    invoice_id,
    x_document_kind,
    CAST(to_json(
        CASE
            WHEN x_document_kind = 'invoice' THEN [invoice_issuer_name, invoice_id]
            ELSE [invoice_issuer_name, invoice_id, x_document_kind]
        END
    ) AS VARCHAR) AS slot,
    CAST(NULL AS VARCHAR) AS period,
    getvariable('has_malformed') OR EXISTS (
        SELECT 1
        FROM faulty_line
        WHERE faulty_line.invoice_id IS NULL
            OR (
                faulty_line.invoice_id = line.invoice_id
                AND faulty_line.invoice_issuer_name IS NOT DISTINCT FROM line.invoice_issuer_name
                AND faulty_line.x_document_kind = line.x_document_kind
            )
    ) AS is_incomplete,
    sha256(string_agg(content, chr(10) ORDER BY content)) AS content,
    count(*) AS rows_accepted
FROM line
GROUP BY invoice_issuer_name, invoice_id, x_document_kind;

CREATE OR REPLACE TEMP VIEW accepted AS
SELECT good.*, slots.slot_no
FROM good
INNER JOIN slots
    ON good.invoice_issuer_name IS NOT DISTINCT FROM slots.invoice_issuer_name
    AND good.invoice_id IS NOT DISTINCT FROM slots.invoice_id
    AND good.x_document_kind = slots.x_document_kind;
