-- What speaks against closing a quarter: the check, a key that tells one finding from the next, and what it found.
WITH posted AS (
    SELECT * FROM books.posted WHERE quarter = getvariable('quarter')
),

-- What concerns the quarter, or may, since nobody knows of which it is.
of_quarter AS (
    SELECT * FROM missing WHERE coalesce(quarter = getvariable('quarter'), TRUE)
),

-- Gross, so that a charge and a credit that nobody claims do not cancel out; idle GPUs nobody used are apart. An adjustment that
-- takes back what was posted before, as when a rule has claimed it since, is no new cost.
total AS (
    SELECT
        coalesce(sum(abs(cost)), 0) AS cost,
        coalesce(sum(abs(cost)) FILTER (model_id IS NULL AND NOT is_idle), 0) AS unallocated
    FROM posted
    WHERE NOT (is_adjustment AND cost < 0 AND reason <> 'late')
),

current_claim AS (
    SELECT settled.delivery_id, settled.slot_no, landed.is_incomplete
    FROM books.claims AS settled
    INNER JOIN log.claims AS landed USING (delivery_id, slot_no)
    WHERE settled.status = 'current'
),

-- The invoices issued in the quarter, with what their lines add up to.
invoice AS (
    SELECT
        charges.x_delivery_id,
        charges.x_slot_no,
        charges.billing_currency AS currency,
        any_value(charges.invoice_id) AS invoice_number,
        any_value(coalesce(charges.invoice_issuer_name, 'an unknown issuer')) AS issuer,
        any_value(current_claim.is_incomplete) AS is_incomplete,
        sum(charges.billed_cost) AS added_up
    FROM ledger.charges
    INNER JOIN current_claim
        ON charges.x_delivery_id = current_claim.delivery_id AND charges.x_slot_no = current_claim.slot_no
    WHERE charges.invoice_id IS NOT NULL
        AND fiscal_quarter(CAST(charges.x_issued_at AS DATE), getvariable('fiscal_year_start_month')) = getvariable('quarter')
    GROUP BY ALL
),

-- Usage whose bill has not come, of this quarter and of earlier ones.
accrued AS (
    SELECT source, month, quarter_start < getvariable('quarter_start') AS is_older, cost
    FROM books.costs
    WHERE is_accrued AND cost <> 0 AND quarter_start <= getvariable('quarter_start')
)

SELECT
    'quarantined' AS check_name,
    delivery_id || ': ' || rows_quarantined AS key,
    rows_quarantined || CASE WHEN rows_quarantined = 1 THEN ' row of ' ELSE ' rows of ' END || file AS found
FROM books.deliveries
SEMI JOIN (FROM of_quarter WHERE kind = 'quarantined') AS told USING (delivery_id)
UNION ALL
SELECT 'held', CAST(delivery_id AS VARCHAR), file
FROM books.deliveries
SEMI JOIN (FROM of_quarter WHERE kind = 'held') AS told USING (delivery_id)
UNION ALL
SELECT 'refused', CAST(delivery_id AS VARCHAR), file || ': ' || refused_because
FROM books.deliveries
SEMI JOIN (FROM of_quarter WHERE kind = 'refused') AS told USING (delivery_id)
UNION ALL
-- Pages of the quarter, or of before, that have not come; those after it are the next quarter's.
SELECT
    'pages',
    CAST(page.delivery_id AS VARCHAR),
    'the pages after ' || page.file || ', from ' || strftime(page.continues_at, '%Y-%m-%d %H:%M') || ' UTC on'
FROM books.deliveries AS page
ANTI JOIN books.deliveries AS following
    ON page.source = following.source
    AND page.continues_at = following.begins_at
    AND NOT following.is_outdated
WHERE NOT page.is_outdated AND page.continues_at < getvariable('quarter_start') + INTERVAL 3 MONTH
UNION ALL
-- Jobs that name no GPUs, promoted runs without their jobs or that no file names, and time entries left out since: as `gaps` tells
-- them.
SELECT DISTINCT kind, what AS key, what AS found
FROM of_quarter
WHERE kind IN ('gpus_not_named', 'run_without_cost', 'unknown_run', 'left_out') AND (is_cost OR kind IN ('unknown_run', 'left_out'))
UNION ALL
-- An electronic invoice states its total; of a CSV of lines it is known where one of them could not be read.
SELECT
    'invoices',
    issuer || ' ' || invoice.invoice_number,
    invoice.invoice_number || ' of ' || issuer || ' states ' || invoice.currency || ' ' || totals.tax_inclusive_amount
    || ', and its lines add up to ' || added_up
FROM invoice
INNER JOIN ledger.invoice_totals AS totals
    ON invoice.x_delivery_id = totals.x_delivery_id
    AND invoice.invoice_number = totals.invoice_id
    AND issuer = totals.invoice_issuer_name
WHERE abs(totals.tax_inclusive_amount) <> abs(added_up)
UNION ALL
SELECT
    'invoices',
    issuer || ' ' || invoice_number,
    invoice_number || ' of ' || issuer || ' is not whole: a line of it is quarantined'
FROM invoice
WHERE is_incomplete
UNION ALL
SELECT DISTINCT 'silent', source || told, source || told
FROM silences
WHERE quarter = getvariable('quarter')
UNION ALL
SELECT
    'unallocated',
    'unallocated',
    in_money(unallocated, getvariable('reporting_currency')) || ' of ' || CAST(cost AS DECIMAL(38, 2))
    || ' (charges and credits each counted in full), more than '
    || CAST(100 * getvariable('max_unallocated_share') AS DECIMAL(18, 2)) || ' %'
FROM total
WHERE unallocated > getvariable('max_unallocated_share') * cost
UNION ALL
SELECT 'unpriced', source, count(*) || ' charges of ' || source
FROM posted
WHERE is_unpriced
GROUP BY source
UNION ALL
SELECT 'unconverted', source || ' ' || billing_currency, count(*) || ' charges of ' || source || ' in ' || billing_currency
FROM posted
WHERE is_unconverted
GROUP BY source, billing_currency
UNION ALL
SELECT 'contested', source, count(*) || ' charges of ' || source
FROM posted
WHERE is_contested
GROUP BY source
UNION ALL
SELECT
    'accrued',
    source || CASE WHEN is_older THEN ' before' ELSE '' END,
    in_money(sum(cost), getvariable('reporting_currency')) || ' of ' || source || ', '
    || CASE WHEN min(month) = max(month) THEN '' ELSE strftime(min(month), '%Y-%m') || ' to ' END || strftime(max(month), '%Y-%m')
    || CASE WHEN is_older THEN ': older than the quarter, and no bill has come' ELSE '' END
FROM accrued
GROUP BY source, is_older
ORDER BY check_name, found
