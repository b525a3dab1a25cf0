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
)
GROUP BY delivery_id, column_name, currency
