-- Shared charges that no model has a share of, since nothing was measured by which [[allocations]] share them.
SELECT
    charges.source,
    charges.service_name,
    costs.allocated_method_id,
    CAST(min(charges.charge_period_start) AS DATE) AS first_day,
    CAST(max(greatest(charges.charge_period_start, charges.charge_period_end - INTERVAL 1 MICROSECOND)) AS DATE) AS last_day,
    CAST(coalesce(sum(costs.cost), 0) AS DECIMAL(38, 20)) AS cost,
    CAST(coalesce(sum(costs.cost) FILTER (costs.cost < 0), 0) AS DECIMAL(38, 20)) AS credits,
    CAST(coalesce(sum(abs(costs.cost)), 0) AS DECIMAL(38, 20)) AS weight,
    count(DISTINCT row(x_delivery_id, x_line, x_part)) AS charge_count,
    getvariable('reporting_currency') AS currency
FROM books.costs
INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
SEMI JOIN (SELECT x_delivery_id, x_line, x_part FROM books.shared_charges WHERE allocation_no IS NOT NULL) AS allocated
    USING (x_delivery_id, x_line, x_part)
WHERE costs.model_id IS NULL AND NOT costs.is_idle
GROUP BY charges.source, charges.service_name, costs.allocated_method_id
ORDER BY weight DESC, charge_count DESC, charges.source, charges.service_name
LIMIT $limit
