-- Each money column's total of a delivery, by currency, and what became of it; exact.
CREATE OR REPLACE TABLE books.control_totals AS
WITH placed AS (
    SELECT
        totals.delivery_id,
        totals.column_name,
        totals.currency,
        CASE
            WHEN totals.part <> 'accepted' THEN totals.part
            WHEN claims.status = 'duplicate' THEN 'duplicate'
            WHEN claims.status IN ('held', 'rejected') THEN 'held'
            ELSE 'loaded'
        END AS part,
        totals.amount
    FROM log.control_totals AS totals
    INNER JOIN books.deliveries USING (delivery_id)
    LEFT JOIN books.claims ON totals.delivery_id = claims.delivery_id AND totals.slot_no = claims.slot_no
    WHERE deliveries.dataset NOT IN ({{versioned_datasets}})
),

versioned AS (
    SELECT delivery_id, column_name, currency, part, amount
    FROM ({{amounts_of_versions}})
    UNION ALL
    SELECT delivery_id, column_name, currency, part, amount
    FROM log.control_totals
    INNER JOIN books.deliveries USING (delivery_id)
    WHERE deliveries.dataset IN ({{versioned_datasets}}) AND part <> 'accepted'
),

-- What rows of files of changes say again is a duplicate, and so not loaded.
repeated AS (
    SELECT
        charges.x_delivery_id AS delivery_id,
        charges.billing_currency AS currency,
        unnest([
            {'column_name': 'billed_cost', 'amount': charges.billed_cost},
            {'column_name': 'effective_cost', 'amount': charges.effective_cost},
            {'column_name': 'list_cost', 'amount': charges.list_cost},
            {'column_name': 'contracted_cost', 'amount': charges.contracted_cost}
        ]) AS said
    FROM ledger.charges
    INNER JOIN books.merged_charges
        ON charges.x_delivery_id = merged_charges.x_delivery_id
        AND charges.x_line = merged_charges.x_line
        AND charges.x_part = merged_charges.x_part
        AND merged_charges.status = 'duplicate'
),

told_again AS (
    SELECT
        repeated.delivery_id,
        repeated.said.column_name,
        repeated.currency,
        repeated.said.amount
    FROM repeated
    SEMI JOIN log.control_totals AS totals
        ON repeated.delivery_id = totals.delivery_id AND repeated.said.column_name = totals.column_name
    WHERE repeated.said.amount IS NOT NULL
)

SELECT
    delivery_id,
    column_name,
    currency,
    CAST(sum(amount) AS DECIMAL(38, 20)) AS amount_read,
    CAST(coalesce(sum(amount) FILTER (part = 'loaded'), 0) AS DECIMAL(38, 20)) AS amount_loaded,
    CAST(coalesce(sum(amount) FILTER (part = 'quarantined'), 0) AS DECIMAL(38, 20)) AS amount_quarantined,
    CAST(coalesce(sum(amount) FILTER (part = 'duplicate'), 0) AS DECIMAL(38, 20)) AS amount_duplicate,
    CAST(coalesce(sum(amount) FILTER (part = 'held'), 0) AS DECIMAL(38, 20)) AS amount_held,
    CAST(coalesce(sum(amount) FILTER (part = 'skipped'), 0) AS DECIMAL(38, 20)) AS amount_skipped
FROM (
    SELECT * FROM placed
    UNION ALL
    SELECT * FROM versioned
    UNION ALL
    SELECT delivery_id, column_name, currency, 'duplicate', amount FROM told_again
    UNION ALL
    SELECT delivery_id, column_name, currency, 'loaded', -amount FROM told_again
)
GROUP BY delivery_id, column_name, currency
