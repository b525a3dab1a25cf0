-- The charges behind a figure, costliest first, with the file and line each came from.
SELECT
    costs.x_charge_id AS charge_id,
    sum(costs.cost) AS cost,
    -- What [[staff]] says comes from no delivery.
    coalesce(deliveries.file, 'truecost.toml') AS file,
    charges.x_line AS line,
    charges.charge_period_start,
    charges.charge_description,
    any_value(costs.stage) AS stage,
    charges.x_rule AS rule
FROM costs
LEFT JOIN charges USING (x_charge_id)
LEFT JOIN deliveries ON charges.x_delivery_id = deliveries.delivery_id
WHERE /* fits */ TRUE
GROUP BY ALL
ORDER BY cost DESC NULLS LAST, charge_id
LIMIT getvariable('shown_charges')
