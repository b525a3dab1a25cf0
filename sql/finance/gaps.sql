-- What is missing from the totals, and how to mend it: a sentence each.
-- kind: refused, held, quarantined, unpriced, unconverted, covered, contested, unknown_model
-- source: the source concerned
-- what: what is missing
-- remedy: what to do
-- amounts: the sums concerned, by currency, where they can be read
WITH quarantined AS (
    SELECT
        delivery_id,
        string_agg(
            coalesce(currency, 'without currency') || ' ' || CAST(CAST(amount_quarantined AS DECIMAL(38, 2)) AS VARCHAR),
            ', ' ORDER BY currency
        ) AS amounts
    FROM books.control_totals
    WHERE column_name IN ('billed_cost', 'amount') AND amount_quarantined <> 0
    GROUP BY delivery_id
)

SELECT
    'refused' AS kind,
    source,
    file || ' was refused: ' || refused_because AS what,
    'mend the file and deliver it again' AS remedy,
    CAST(NULL AS VARCHAR) AS amounts
FROM books.deliveries
WHERE refused_because IS NOT NULL AND NOT is_outdated
UNION ALL
SELECT
    'held',
    deliveries.source,
    deliveries.file || CASE
        WHEN deliveries.dataset = 'invoices' THEN ' brings an invoice that is already held with other lines: ' || claims.slot
        ELSE ' claims a billing period that another file already holds: ' || claims.slot
    END,
    CASE
        WHEN deliveries.dataset = 'invoices' THEN 'give the corrected invoice a number of its own, or a credit note'
        ELSE 'take the file out; or, if its parts add up, set `delivery = "folder"`; or, if it restates the period, set `restates`'
    END,
    NULL
FROM books.claims
INNER JOIN books.deliveries USING (delivery_id)
WHERE claims.status = 'held' AND NOT deliveries.is_outdated
UNION ALL
SELECT
    'quarantined',
    deliveries.source,
    deliveries.rows_quarantined || CASE WHEN deliveries.rows_quarantined = 1 THEN ' row of ' ELSE ' rows of ' END
    || deliveries.file || CASE WHEN deliveries.rows_quarantined = 1 THEN ' is quarantined' ELSE ' are quarantined' END,
    'correct the lines and deliver the file again',
    quarantined.amounts
FROM books.deliveries
LEFT JOIN quarantined USING (delivery_id)
WHERE deliveries.rows_quarantined > 0 AND NOT deliveries.is_outdated
UNION ALL
SELECT
    'unpriced',
    source,
    'GPU hours of type ' || coalesce(sku_id, 'unknown') || ' from ' || CAST(CAST(min(charge_period_start) AS DATE) AS VARCHAR)
    || ' to ' || CAST(CAST(max(charge_period_end) AS DATE) AS VARCHAR) || ' have no price ('
    || CAST(round(sum(consumed_quantity), 2) AS DECIMAL(18, 2)) || ' GPU hours)',
    'add the price to a rate card',
    NULL
FROM books.job_charges
WHERE effective_cost IS NULL
GROUP BY source, sku_id
UNION ALL
SELECT
    'unconverted',
    source,
    count(DISTINCT (x_delivery_id, x_line, x_part)) || ' charges in ' || billing_currency || ' are not converted to '
    || getvariable('reporting_currency'),
    'book them in the reporting currency: no exchange rates are set up',
    billing_currency || ' ' || CAST(CAST(sum(effective_cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM books.costs
WHERE is_unconverted
GROUP BY source, billing_currency
UNION ALL
SELECT
    'covered',
    source,
    'the usage of ' || source || ' is declared covered by a bill ([[coverage]]); splitting a bill by usage is not built yet, so it '
    || 'counts for nothing here',
    'take the [[coverage]] out to price the usage at the rate card instead',
    NULL
FROM books.costs
WHERE is_covered
GROUP BY source
UNION ALL
SELECT
    'contested',
    source,
    count(DISTINCT (x_delivery_id, x_line, x_part)) || ' charges are claimed by more than one training run, and so by none',
    'name each job in one run only, and keep time windows apart',
    getvariable('reporting_currency') || ' ' || CAST(CAST(sum(cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM books.costs
WHERE is_contested
GROUP BY source
UNION ALL
SELECT
    'unknown_model',
    run_versions.source,
    count(*) || ' training runs are of the model ' || run_versions.model_id || ', which is not configured',
    'add it under [[models]]',
    NULL
FROM books.run_versions
ANTI JOIN config_models USING (model_id)
WHERE run_versions.status = 'current'
GROUP BY run_versions.source, run_versions.model_id
ORDER BY 1, 2, 3
