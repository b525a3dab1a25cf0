-- Rows that failed an expectation: of each file, by quarter and model. A price that could not be read matters where its usage stands at
-- another.
WITH amount AS (
    SELECT
        delivery_id,
        string_agg(
            in_money(amount_quarantined, coalesce(currency, 'without currency')), ', ' ORDER BY currency
        ) AS amounts
    FROM books.control_totals
    WHERE column_name IN ('billed_cost', 'amount', 'cost_amount') AND amount_quarantined <> 0
    GROUP BY delivery_id
),

price AS (
    SELECT
        delivery_id,
        rows AS pieces,
        first_day,
        lower(json_extract_string(read_json, '$.gpu_type')) AS gpu_type,
        try_cast(json_extract_string(read_json, '$.valid_to') AS DATE) AS last_day
    FROM log.quarantine
    INNER JOIN books.deliveries USING (delivery_id)
    WHERE deliveries.dataset = 'rates' AND NOT deliveries.is_outdated
),

priced_otherwise AS (
    SELECT price.delivery_id, costs.model_id, costs.quarter, max(price.pieces) AS pieces
    FROM price
    INNER JOIN books.job_charges
        ON CAST(job_charges.charge_period_start AS DATE) >= coalesce(price.first_day, DATE '0001-01-01')
        AND CAST(job_charges.charge_period_start AS DATE) <= coalesce(price.last_day, DATE '9999-12-31')
        AND (price.gpu_type IS NULL OR price.gpu_type IN ('*', lower(job_charges.sku_id)))
    INNER JOIN books.costs USING (x_delivery_id, x_line, x_part)
    WHERE NOT costs.is_covered
    GROUP BY price.delivery_id, costs.model_id, costs.quarter
),

told AS (
    SELECT
        delivery_id,
        model_id,
        is_unclaimed,
        quarter,
        sum(pieces) AS pieces,
        bool_or(is_cost) AS is_cost,
        bool_or(is_lower_bound) AS is_lower_bound
    FROM absent_quarters
    WHERE kind = 'quarantined' AND delivery_id NOT IN (SELECT delivery_id FROM priced_otherwise)
    GROUP BY ALL
    UNION ALL
    SELECT delivery_id, model_id, model_id IS NULL, quarter, pieces, TRUE, TRUE
    FROM priced_otherwise
)

SELECT
    deliveries.source,
    deliveries.delivery_id,
    deliveries.file,
    deliveries.rows_quarantined AS rows,
    told.model_id,
    told.is_unclaimed,
    told.quarter,
    CAST(told.pieces AS BIGINT) AS pieces,
    told.is_cost,
    told.is_lower_bound,
    amount.amounts
FROM told
INNER JOIN books.deliveries USING (delivery_id)
LEFT JOIN amount USING (delivery_id)
