-- What no rule claims in the quarter, the largest groups first.
SELECT
    charges.x_source AS source,
    charges.service_name,
    count(DISTINCT costs.x_charge_id) AS charge_count,
    sum(costs.cost) AS cost
FROM costs
INNER JOIN charges USING (x_charge_id)
WHERE costs.model_id IS NULL AND costs.quarter = ?
GROUP BY charges.x_source, charges.service_name
ORDER BY cost DESC NULLS LAST, source, service_name
LIMIT 10
