-- What speaks against closing a quarter: the check, and what it found.
WITH total AS (
    SELECT
        coalesce(sum(cost), 0) AS cost,
        coalesce(sum(cost) FILTER (model_id IS NULL AND NOT is_idle), 0) AS unallocated
    FROM books.posted
    WHERE quarter = getvariable('quarter')
)

SELECT 'quarantined' AS check_name, rows_quarantined || ' rows of ' || file AS found
FROM books.deliveries
WHERE rows_quarantined > 0 AND NOT is_outdated
UNION ALL
SELECT 'held', file
FROM books.deliveries
WHERE status = 'held' AND NOT is_outdated
UNION ALL
SELECT 'refused', file || ': ' || refused_because
FROM books.deliveries
WHERE refused_because IS NOT NULL AND NOT is_outdated
UNION ALL
SELECT
    'invoices',
    invoice_number || ' of ' || issuer || ' states ' || currency || ' ' || tax_inclusive_amount || ', and its lines add up to '
    || added_up
FROM (
    SELECT
        totals.invoice_id AS invoice_number,
        totals.invoice_issuer_name AS issuer,
        totals.currency,
        totals.tax_inclusive_amount,
        sum(charges.billed_cost) AS added_up
    FROM ledger.invoice_totals AS totals
    INNER JOIN ledger.charges
        ON totals.x_delivery_id = charges.x_delivery_id
        AND totals.invoice_id = charges.invoice_id
        AND totals.invoice_issuer_name = charges.invoice_issuer_name
    SEMI JOIN books.claims
        ON charges.x_delivery_id = claims.delivery_id
        AND charges.x_slot_no = claims.slot_no
        AND claims.status = 'current'
    WHERE fiscal_quarter(CAST(charges.x_issued_at AS DATE), getvariable('fiscal_year_start_month')) = getvariable('quarter')
    GROUP BY ALL
)
WHERE abs(tax_inclusive_amount) <> abs(added_up)
UNION ALL
SELECT DISTINCT 'silent', source || told
FROM silences
WHERE quarter = getvariable('quarter')
UNION ALL
SELECT
    'unallocated',
    getvariable('reporting_currency') || ' ' || CAST(unallocated AS DECIMAL(38, 2)) || ' of ' || CAST(cost AS DECIMAL(38, 2))
    || ', more than ' || CAST(100 * getvariable('max_unallocated_share') AS DECIMAL(18, 2)) || ' %'
FROM total
WHERE abs(unallocated) > getvariable('max_unallocated_share') * abs(cost)
UNION ALL
SELECT 'unpriced', count(*) || ' charges of ' || source
FROM books.posted
WHERE quarter = getvariable('quarter') AND is_unpriced
GROUP BY source
UNION ALL
SELECT 'unconverted', count(*) || ' charges of ' || source || ' in ' || billing_currency
FROM books.posted
WHERE quarter = getvariable('quarter') AND is_unconverted
GROUP BY source, billing_currency
UNION ALL
SELECT 'contested', count(*) || ' charges of ' || source
FROM books.posted
WHERE quarter = getvariable('quarter') AND is_contested
GROUP BY source
ORDER BY check_name, found
