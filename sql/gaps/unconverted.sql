-- Charges in another currency that no rate converts.
WITH told AS (
    SELECT
        source,
        billing_currency,
        model_id,
        quarter,
        count(DISTINCT row(x_delivery_id, x_line, x_part)) AS pieces,
        sum(effective_cost) AS cost
    FROM books.costs
    WHERE is_unconverted
    GROUP BY ALL
)

SELECT
    source,
    billing_currency,
    model_id,
    model_id IS NULL AS is_unclaimed,
    quarter,
    pieces,
    TRUE AS is_cost,
    TRUE AS is_lower_bound,
    getvariable('reporting_currency') AS reporting_currency,
    CAST(sum(pieces) OVER one AS BIGINT) AS charges,
    in_money(sum(cost) OVER one, billing_currency) AS amounts
FROM told
WINDOW one AS (PARTITION BY source, billing_currency)
