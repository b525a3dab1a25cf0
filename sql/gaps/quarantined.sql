-- Rows that failed an expectation: a row a file.
WITH quarantined AS (
    SELECT
        delivery_id,
        string_agg(
            in_money(amount_quarantined, coalesce(currency, 'without currency')), ', ' ORDER BY currency
        ) AS amounts
    FROM books.control_totals
    WHERE column_name IN ('billed_cost', 'amount', 'cost_amount') AND amount_quarantined <> 0
    GROUP BY delivery_id
)

SELECT
    deliveries.source,
    deliveries.file,
    deliveries.rows_quarantined AS rows,
    quarantined.amounts
FROM books.deliveries
LEFT JOIN quarantined USING (delivery_id)
WHERE deliveries.rows_quarantined > 0 AND NOT deliveries.is_outdated
