-- What a charge counts for, month by month; what was posted for a closed quarter among it.
SELECT month, quarter, origin_quarter, reason, model_id, stage, step, cost, currency
FROM costs
WHERE x_charge_id = ?
ORDER BY month, share_no, origin_quarter, reason, model_id, stage
