-- Invoice lines: text -> typed charges in FOCUS's columns. The service period's last day is inclusive in the file and
-- exclusive in the charge; a line without a period falls on its issue date. Tax becomes a charge of its own on loading.
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
    CASE WHEN parse_amount(amount) < 0 THEN 'Credit' ELSE 'Usage' END AS charge_category,
    description AS charge_description,
    parse_amount(amount) AS billed_cost,
    parse_amount(amount) AS effective_cost,
    coalesce(parse_amount(tax), 0) AS x_tax_amount,
    coalesce(currency, getvariable('source_currency')) AS billing_currency,
    parse_amount(quantity) AS consumed_quantity,
    unit AS consumed_unit,
    extra_tags AS tags,
    'invoice' AS x_document_kind,
    no_invoice_totals() AS x_invoice_totals,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        amount := amount_state(amount),
        tax := amount_state(tax),
        quantity := amount_state(quantity),
        currency := currency_state(coalesce(currency, getvariable('source_currency'))),
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
