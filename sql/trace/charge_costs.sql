SELECT month, quarter, model_id, stage, cost, currency
FROM costs
WHERE x_charge_id = ?
ORDER BY month
