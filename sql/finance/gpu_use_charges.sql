-- The charges behind each row of `gpu_use`: bills provide GPUs and cost, jobs use them. Seconds are whole, so that they add up.
-- x_charge_id: the charge, in `charges`
-- coverage: as in `gpu_use`
-- gpu_type: as in `gpu_use`
-- resource_id: as in `gpu_use`
-- first_day: as in `gpu_use`
-- capacity_gpu_seconds: GPU seconds it provides on the day; NULL where it is usage, or the bill does not tell
-- used_gpu_seconds: GPU seconds used of the pool on the day; NULL where it is a bill whose use is told by jobs
-- currency: currency of the costs; NULL where it is usage
-- cost: its effective cost of the day; NULL where it is usage
-- idle_cost: the part of cost that stood idle
-- idle_assigned: the part of idle_cost that models bear
SELECT
    x_delivery_id || ':' || x_line || ':' || x_part AS x_charge_id,
    coverage,
    gpu_type,
    resource_id,
    day AS first_day,
    CAST(capacity_seconds AS BIGINT) AS capacity_gpu_seconds,
    CAST(used_seconds AS BIGINT) AS used_gpu_seconds,
    currency,
    cost,
    idle_cost,
    idle_assigned
FROM books.gpu_use_charges
ORDER BY coverage, first_day, gpu_type, resource_id, x_delivery_id, x_line, x_part
