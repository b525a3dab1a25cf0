-- The totals of an invoice that states none: a line of a CSV knows nothing of its document.
CREATE OR REPLACE MACRO no_invoice_totals() AS
    CAST(NULL AS STRUCT(
        document_type VARCHAR,
        corrects_invoice_id VARCHAR,
        tax_exclusive_amount DECIMAL(38, 20),
        tax_amount DECIMAL(38, 20),
        tax_inclusive_amount DECIMAL(38, 20),
        prepaid_amount DECIMAL(38, 20),
        rounding_amount DECIMAL(38, 20),
        payable_amount DECIMAL(38, 20),
        x_line BIGINT
    ));
