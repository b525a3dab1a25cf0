-- Invoices and credit notes, each as it came: what it says it comes to, and what is to pay. A credit note is negative.
-- issuer: the supplier
-- invoice_number: its number
-- document_kind: invoice or credit note
-- document_type: the type as a code (UNTDID 1001), like 380 or 381; NULL where the file has lines only
-- corrects_invoice_number: the invoice it mends, where it says so
-- issued_on: date of issue
-- currency: currency of every amount in the row
-- line_count: its charges
-- tax_exclusive_amount: lines, less allowances, with charges
-- tax_amount: its tax
-- tax_inclusive_amount: what it costs with tax: the sum of its charges
-- prepaid_amount: paid before; NULL where the file has lines only
-- rounding_amount: rounding of what is to pay; NULL where the file has lines only
-- payable_amount: tax_inclusive_amount - prepaid_amount + rounding_amount; NULL where the file has lines only
-- status: current, superseded, duplicate, held or rejected
-- x_delivery_id: the delivery, in `deliveries`
WITH claim AS (
    SELECT delivery_id AS x_delivery_id, slot_no AS x_slot_no, slot, status
    FROM books.claims
    WHERE dataset = 'invoices'
),

added_up AS (
    SELECT
        charges.x_delivery_id,
        charges.x_slot_no,
        charges.billing_currency AS currency,
        any_value(charges.invoice_issuer_name) AS issuer,
        any_value(charges.invoice_id) AS invoice_number,
        any_value(coalesce(CAST(claim.slot AS JSON) ->> 2, 'invoice')) AS document_kind,
        CAST(any_value(charges.x_issued_at) AS DATE) AS issued_on,
        any_value(claim.status) AS status,
        count(*) AS line_count,
        coalesce(sum(charges.billed_cost) FILTER (charges.charge_category <> 'Tax'), 0) AS tax_exclusive_amount,
        coalesce(sum(charges.billed_cost) FILTER (charges.charge_category = 'Tax'), 0) AS tax_amount
    FROM ledger.charges
    INNER JOIN claim USING (x_delivery_id, x_slot_no)
    GROUP BY charges.x_delivery_id, charges.x_slot_no, charges.billing_currency
)

SELECT
    added_up.issuer,
    added_up.invoice_number,
    added_up.document_kind,
    stated.document_type,
    stated.corrects_invoice_id AS corrects_invoice_number,
    added_up.issued_on,
    added_up.currency,
    added_up.line_count,
    CAST(coalesce(stated.tax_exclusive_amount, added_up.tax_exclusive_amount) AS DECIMAL(38, 20)) AS tax_exclusive_amount,
    CAST(coalesce(stated.tax_amount, added_up.tax_amount) AS DECIMAL(38, 20)) AS tax_amount,
    CAST(
        coalesce(stated.tax_inclusive_amount, added_up.tax_exclusive_amount + added_up.tax_amount) AS DECIMAL(38, 20)
    ) AS tax_inclusive_amount,
    stated.prepaid_amount,
    stated.rounding_amount,
    stated.payable_amount,
    added_up.status,
    added_up.x_delivery_id
FROM added_up
LEFT JOIN ledger.invoice_totals AS stated
    ON added_up.x_delivery_id = stated.x_delivery_id
    AND added_up.invoice_number = stated.invoice_id
    AND added_up.issuer = stated.invoice_issuer_name
ORDER BY added_up.x_delivery_id, added_up.issuer, added_up.invoice_number, added_up.document_kind, added_up.currency
