-- Charges in another currency that no rate converts.
SELECT
    source,
    billing_currency,
    getvariable('reporting_currency') AS reporting_currency,
    count(DISTINCT row(x_delivery_id, x_line, x_part)) AS charges,
    in_money(sum(effective_cost), billing_currency) AS amounts
FROM books.costs
WHERE is_unconverted
GROUP BY source, billing_currency
