-- No hour counts twice: usage that a bill covers costs nothing of its own, a piece of usage is of one pool with no more than its own
-- seconds, and a pool's idle and used seconds add up to what its bills provide, or its use is more than that and nothing is idle but
-- commitments that stood idle.
SELECT
    'charge ' || x_delivery_id || ':' || x_line || ':' || x_part AS subject,
    'a bill covers it, yet it counts as ' || cost AS fault
FROM books.costs
WHERE is_covered AND cost IS DISTINCT FROM 0
UNION ALL
SELECT
    'charge ' || x_delivery_id || ':' || x_line || ':' || x_part,
    'the pools count ' || sum(used_seconds) || ' of its ' || any_value(all_seconds) || ' GPU seconds'
FROM books.pool_usage
GROUP BY x_delivery_id, x_line, x_part
HAVING sum(used_seconds) > any_value(all_seconds)
UNION ALL
SELECT
    coverage || ' on ' || first_day,
    used_gpu_hours || ' GPU hours used and ' || idle_gpu_hours || ' idle are not the ' || capacity_gpu_hours || ' provided'
FROM books.gpu_use
WHERE used_gpu_hours + idle_gpu_hours <> greatest(capacity_gpu_hours, used_gpu_hours + unused_gpu_hours)
