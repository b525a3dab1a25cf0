-- What no rule claims in the quarter, the largest groups first.
SELECT x_source AS source, service_name, charge_count, cost
FROM unallocated
WHERE quarter = ?
ORDER BY cost DESC NULLS LAST, source, service_name
LIMIT 10
