-- UBL documents: rows of text -> typed charges in FOCUS's columns. A credit note's amounts are turned by the reader, so
-- its rows lower cost; the tax is a row of its own. The service period's last day is inclusive in the file and exclusive
-- in the charge; a document without a period falls on its issue date.
WITH read AS NOT MATERIALIZED (
    SELECT
        *,
        CAST(parse_time(issue_date, 'UTC') AS DATE) AS issued_on,
        CAST(parse_time(service_start, 'UTC') AS DATE) AS service_start_on,
        CAST(parse_time(service_end, 'UTC') AS DATE) AS service_end_on
    FROM raw
)

SELECT
    invoice_number AS invoice_id,
    issuer AS invoice_issuer_name,
    issuer AS provider_name,
    issuer AS publisher_name,
    CAST(issued_on AS TIMESTAMP) AS x_issued_at,
    CAST(date_trunc('month', issued_on) AS TIMESTAMP) AS billing_period_start,
    CAST(date_trunc('month', issued_on) + INTERVAL 1 MONTH AS TIMESTAMP) AS billing_period_end,
    CAST(coalesce(service_start_on, issued_on) AS TIMESTAMP) AS charge_period_start,
    CAST(coalesce(service_end_on, service_start_on, issued_on) + 1 AS TIMESTAMP) AS charge_period_end,
    CASE
        WHEN kind = 'tax' THEN 'Tax'
        WHEN parse_amount(amount) < 0 THEN 'Credit'
        WHEN document_type = '386' THEN 'Purchase'
        ELSE 'Usage'
    END AS charge_category,
    description AS charge_description,
    parse_amount(amount) AS billed_cost,
    -- A prepayment invoice (UNTDID 1001, code 386) is paid ahead of the invoice that tells what it was for, and that costs.
    CASE WHEN document_type = '386' THEN CAST(0 AS DECIMAL(38, 20)) ELSE parse_amount(amount) END AS effective_cost,
    CAST(0 AS DECIMAL(38, 20)) AS x_tax_amount,
    currency AS billing_currency,
    parse_amount(quantity) AS consumed_quantity,
    unit AS consumed_unit,
    tags,
    document_kind AS x_document_kind,
    struct_pack(
        document_type := document_type,
        corrects_invoice_id := corrects,
        tax_exclusive_amount := parse_amount(tax_exclusive_amount),
        tax_amount := parse_amount(tax_amount),
        tax_inclusive_amount := parse_amount(tax_inclusive_amount),
        prepaid_amount := parse_amount(prepaid_amount),
        rounding_amount := parse_amount(rounding_amount),
        payable_amount := parse_amount(payable_amount),
        x_line := try_cast(totals_line AS BIGINT)
    ) AS x_invoice_totals,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        amount := amount_state(amount),
        tax := 'missing',
        quantity := amount_state(quantity),
        currency := currency_state(currency),
        invoice_number := CASE WHEN invoice_number IS NULL THEN 'missing' ELSE 'ok' END,
        issue_date := time_state(issue_date, issued_on),
        service_start := CASE
            WHEN service_start IS NULL AND service_end IS NOT NULL THEN 'missing'
            WHEN service_start IS NULL THEN 'ok'
            ELSE time_state(service_start, service_start_on)
        END,
        service_end := CASE
            WHEN service_end IS NULL THEN 'ok'
            WHEN service_end_on < service_start_on THEN 'ends_before_it_starts'
            ELSE time_state(service_end, service_end_on)
        END
    ) AS checks
FROM read
