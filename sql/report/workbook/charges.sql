-- The listed charges that count in the quarter, a row a charge and month, with the file and line each came from. A charge that was
-- withdrawn after its quarter was closed is no current one: of it stands what was posted.
WITH traced AS (
    SELECT
        *,
        CAST(split_part(x_charge_id, ':', 1) AS INTEGER) AS delivery_id,
        CAST(split_part(x_charge_id, ':', 2) AS BIGINT) AS line,
        CAST(split_part(x_charge_id, ':', 3) AS INTEGER) AS part
    FROM listed
)

SELECT
    traced.model_id,
    traced.month,
    traced.stage,
    traced.activity,
    traced.round,
    traced.cost_kind,
    traced.run_id,
    traced.is_training_only,
    traced.cost,
    traced.billed_cost,
    coalesce(charges.x_source, deliveries.source) AS x_source,
    charges.service_name,
    charges.charge_description,
    coalesce(deliveries.file, 'truecost.toml') AS file,  -- what truecost.toml says comes from no delivery
    nullif(traced.line, 0) AS x_line,
    traced.reason AS adjusted,
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
    traced.x_charge_id
FROM traced
LEFT JOIN charges USING (x_charge_id)
LEFT JOIN deliveries ON traced.delivery_id = deliveries.delivery_id
ORDER BY traced.model_id NULLS LAST, traced.month, traced.delivery_id, traced.line, traced.part, traced.share_no, traced.stage
