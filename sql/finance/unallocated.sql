-- What no rule claims, by the source and service a rule would name.
-- quarter: fiscal quarter
-- x_source: the source
-- service_name: the service; NULL where the charge tells none, or is no longer current
-- charge_count: how many charges
-- currency: currency of cost
-- cost: what they come to; NULL where it can't be known
WITH unclaimed AS (
    SELECT quarter, source, x_delivery_id, x_line, x_part, sum(cost) AS cost
    FROM books.posted
    WHERE model_id IS NULL
    GROUP BY quarter, source, x_delivery_id, x_line, x_part
)

SELECT
    unclaimed.quarter,
    unclaimed.source AS x_source,
    charges.service_name,
    count(*) AS charge_count,
    getvariable('reporting_currency') AS currency,
    CAST(sum(unclaimed.cost) AS DECIMAL(38, 20)) AS cost
FROM unclaimed
LEFT JOIN books.charges USING (x_delivery_id, x_line, x_part)
GROUP BY unclaimed.quarter, unclaimed.source, charges.service_name
ORDER BY unclaimed.quarter, unclaimed.source, charges.service_name
