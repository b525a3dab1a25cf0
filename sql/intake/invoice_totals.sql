-- What each staged electronic invoice says it comes to, once: every row of it repeats the totals.
INSERT INTO ledger.invoice_totals BY NAME
SELECT
    any_value(invoice_issuer_name) AS invoice_issuer_name,
    any_value(invoice_id) AS invoice_id,
    any_value(x_invoice_totals.document_type) AS document_type,
    any_value(x_invoice_totals.corrects_invoice_id) AS corrects_invoice_id,
    any_value(billing_currency) AS currency,
    any_value(x_invoice_totals.tax_exclusive_amount) AS tax_exclusive_amount,
    any_value(x_invoice_totals.tax_amount) AS tax_amount,
    any_value(x_invoice_totals.tax_inclusive_amount) AS tax_inclusive_amount,
    any_value(x_invoice_totals.prepaid_amount) AS prepaid_amount,
    any_value(x_invoice_totals.rounding_amount) AS rounding_amount,
    any_value(x_invoice_totals.payable_amount) AS payable_amount,
    getvariable('delivery_id') AS x_delivery_id,
    any_value(x_invoice_totals.x_line) AS x_line
FROM accepted
WHERE x_invoice_totals IS NOT NULL
GROUP BY slot_no
