-- Every charge that counts in the quarter $1, a row a charge and month, with the file and line it came from.
SELECT
    costs.model_id,
    costs.month,
    costs.stage,
    costs.activity,
    costs.round,
    costs.cost_kind,
    costs.run_id,
    costs.is_training_only,
    costs.cost,
    costs.billed_cost,
    charges.x_source,
    charges.service_name,
    charges.charge_description,
    coalesce(deliveries.file, 'truecost.toml') AS file,  -- what [[staff]] says comes from no delivery
    charges.x_line,
    charges.x_basis,
    charges.provider_name,
    charges.charge_category,
    charges.charge_period_start,
    charges.charge_period_end,
    charges.billing_currency,
    charges.billed_cost AS charge_billed_cost,
    charges.effective_cost AS charge_effective_cost,
    charges.consumed_quantity,
    charges.consumed_unit,
    charges.billing_account_id,
    charges.sub_account_id,
    charges.sub_account_name,
    charges.resource_id,
    charges.sku_id,
    charges.invoice_id,
    charges.tags,
    costs.x_charge_id
FROM costs
INNER JOIN charges USING (x_charge_id)
LEFT JOIN deliveries ON charges.x_delivery_id = deliveries.delivery_id
WHERE costs.quarter = $1
ORDER BY costs.model_id NULLS LAST, costs.month, charges.x_delivery_id, charges.x_line, charges.x_part
