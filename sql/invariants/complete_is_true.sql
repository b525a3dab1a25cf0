-- Complete is said only where nothing is missing: of a quarter that is open, no model is called so that has a cost nobody knows, and not
-- all of them are where a row of a bill, or a whole bill, is kept out of the books.
WITH open_quarter AS (
    SELECT wholeness.model_id, wholeness.quarter, wholeness.completeness = 'complete' AS is_complete
    FROM wholeness
    INNER JOIN (SELECT DISTINCT quarter, status FROM books.model_quarters) AS told USING (quarter)
    WHERE told.status <> 'closed'
),

whole_quarter AS (
    SELECT quarter
    FROM open_quarter
    GROUP BY quarter
    HAVING bool_and(is_complete)
),

kept_out AS (
    SELECT
        deliveries.file,
        fiscal_quarter(quarantine.first_day, getvariable('fiscal_year_start_month')) AS quarter,
        try_cast(json_extract_string(quarantine.read_json, '$.effective_cost') AS DECIMAL(38, 20)) AS amount
    FROM log.quarantine
    INNER JOIN books.deliveries USING (delivery_id)
    WHERE deliveries.dataset IN ('charges', 'invoices')
        AND NOT deliveries.is_outdated
        AND (json_extract_string(quarantine.read_json, '$.charge_category') IS DISTINCT FROM 'Tax')
    UNION ALL
    SELECT
        deliveries.file,
        fiscal_quarter(CAST(charges.charge_period_start AS DATE), getvariable('fiscal_year_start_month')),
        charges.effective_cost
    FROM books.claims
    INNER JOIN books.deliveries USING (delivery_id)
    INNER JOIN ledger.charges ON claims.delivery_id = charges.x_delivery_id AND claims.slot_no = charges.x_slot_no
    WHERE claims.status = 'held'
        AND NOT deliveries.is_outdated
        AND (charges.charge_category IS DISTINCT FROM 'Tax')
)

SELECT
    coalesce(open_quarter.model_id, 'unallocated') || ', ' || open_quarter.quarter AS subject,
    'it is called complete, and ' || count(*) || ' of its costs are not known' AS fault
FROM open_quarter
INNER JOIN books.posted
    ON open_quarter.quarter = posted.quarter AND open_quarter.model_id IS NOT DISTINCT FROM posted.model_id
WHERE open_quarter.is_complete AND posted.cost IS NULL
GROUP BY open_quarter.model_id, open_quarter.quarter
UNION ALL
SELECT quarter, 'it is called complete, and rows of ' || min(file) || ' are kept out of it'
FROM whole_quarter
INNER JOIN kept_out USING (quarter)
WHERE kept_out.amount IS DISTINCT FROM 0
GROUP BY quarter
