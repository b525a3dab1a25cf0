-- GPUs that are paid for, used or not: what each bill or cluster provided by day and GPU type, what was used, what stood idle.
-- coverage: the [[coverage]] (by its place) or [[capacity]] (by its name)
-- gpu_type: the GPU type; NULL where the bill is for any
-- resource_id: the resource, where usage and bill are joined by it
-- first_day: the first UTC day
-- end_day: the day after the last
-- capacity_gpu_hours: GPU hours provided; NULL where the bill does not tell
-- used_gpu_hours: GPU hours used
-- idle_gpu_hours: provided and not used; NULL where the capacity is not known
-- utilization: used hours by provided hours
-- currency: currency of the costs; NULL where the bills are in several
-- cost: effective cost of what was provided
-- idle_cost: the part of cost that stood idle
-- idle_assigned: the part of idle_cost that models bear, by the policy of [idle]
-- idle_platform: the part that stays with the platform
SELECT
    coverage,
    gpu_type,
    resource_id,
    first_day,
    end_day,
    capacity_gpu_hours,
    used_gpu_hours,
    idle_gpu_hours,
    ratio(used_gpu_hours, capacity_gpu_hours) AS utilization,
    currency,
    CAST(cost AS DECIMAL(38, 20)) AS cost,
    CAST(idle_cost AS DECIMAL(38, 20)) AS idle_cost,
    CAST(idle_assigned AS DECIMAL(38, 20)) AS idle_assigned,
    CAST(idle_cost - idle_assigned AS DECIMAL(38, 20)) AS idle_platform
FROM books.gpu_use
ORDER BY coverage, first_day, gpu_type, resource_id, end_day
