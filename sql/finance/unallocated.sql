-- What no rule claims, by the source and service a rule would name.
-- quarter: fiscal quarter
-- x_source: the source
-- service_name: the service
-- charge_count: how many charges
-- currency: currency of cost
-- cost: what they come to; NULL where it can't be known
WITH unclaimed AS (
    SELECT quarter, x_delivery_id, x_line, x_part, sum(cost) AS cost
    FROM books.posted
    WHERE model_id IS NULL
    GROUP BY quarter, x_delivery_id, x_line, x_part
)

SELECT
    unclaimed.quarter,
    charges.source AS x_source,
    charges.service_name,
    count(*) AS charge_count,
    getvariable('reporting_currency') AS currency,
    CAST(sum(unclaimed.cost) AS DECIMAL(38, 20)) AS cost
FROM books.charges
INNER JOIN unclaimed USING (x_delivery_id, x_line, x_part)
GROUP BY unclaimed.quarter, charges.source, charges.service_name
ORDER BY unclaimed.quarter, charges.source, charges.service_name
