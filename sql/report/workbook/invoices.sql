-- Invoices issued before the day $1, with what each comes to.
SELECT
    issuer,
    invoice_number,
    document_kind,
    corrects_invoice_number,
    issued_on,
    currency,
    tax_exclusive_amount,
    tax_amount,
    tax_inclusive_amount,
    prepaid_amount,
    rounding_amount,
    payable_amount,
    status
FROM invoices
WHERE issued_on < $1
ORDER BY issued_on, issuer, invoice_number, document_kind
