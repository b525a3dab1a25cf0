-- Usage that stands at a price list until its bill comes: GPU hours by source and month, tokens by model and month.
SELECT
    costs.source,
    'hours' AS form,
    strftime(costs.month, '%Y-%m') AS month,
    CAST(
        sum(
            CAST(job_charges.consumed_quantity AS DOUBLE) * coalesce(1 - covered.covered_parts / covered.all_parts, 1)
        ) AS DECIMAL(18, 2)
    ) AS hours,
    CAST(NULL AS BIGINT) AS days,
    in_money(sum(costs.cost), getvariable('reporting_currency')) AS amounts
FROM books.costs
INNER JOIN books.job_charges USING (x_delivery_id, x_line, x_part)
LEFT JOIN books.covered USING (x_delivery_id, x_line, x_part)
WHERE costs.is_accrued
GROUP BY costs.source, costs.month
UNION ALL
SELECT
    'requests of ' || model_id,
    'tokens',
    strftime(month, '%Y-%m'),
    NULL,
    count(*),
    in_money(sum(cost), getvariable('reporting_currency'))
FROM books.costs
WHERE is_accrued AND source = '[[token_rates]]'
GROUP BY model_id, month
