-- Nothing lost: as many rows are stored as each delivery says it loaded or left as duplicates.
WITH stored AS (
    SELECT x_delivery_id AS delivery_id, count(*) FILTER (x_part % 2 = 0) AS stored_rows FROM ledger.charges GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, count(*) FROM ledger.jobs GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, count(*) FROM ledger.training_runs GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, count(*) FROM ledger.rates GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, count(*) FROM ledger.worklogs GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, count(*) FROM ledger.evals GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, count(*) FROM ledger.requests GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, count(*) FROM ledger.fx_rates GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, count(*) FROM ledger.model_versions GROUP BY x_delivery_id
),

quarantined AS (
    SELECT delivery_id, sum(rows) AS quarantined_rows FROM log.quarantine GROUP BY delivery_id
)

SELECT
    file || ' (delivery ' || delivery_id || ')' AS subject,
    coalesce(stored_rows, 0) || ' rows are stored and ' || coalesce(quarantined_rows, 0) || ' quarantined, where the delivery says '
    || rows_loaded + rows_duplicate || ' and ' || rows_quarantined AS fault
FROM books.deliveries
LEFT JOIN stored USING (delivery_id)
LEFT JOIN quarantined USING (delivery_id)
WHERE coalesce(stored_rows, 0) <> rows_loaded + rows_duplicate OR coalesce(quarantined_rows, 0) <> rows_quarantined
