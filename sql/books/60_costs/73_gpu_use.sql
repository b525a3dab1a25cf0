-- What each pool of GPUs provided on its day, what was used of it and what stood idle, with its cost; and so of each charge that
-- [[allocations]] split by busy GPU seconds, on the day it starts.
CREATE OR REPLACE TABLE books.gpu_use AS
WITH summed AS (
    SELECT
        pool_no,
        coverage,
        gpu_type,
        resource_id,
        day AS first_day,
        day + 1 AS end_day,
        -- A commitment that stood idle stands idle however much of the rest is used; where it does not tell its hours, nothing does.
        CASE WHEN NOT coalesce(bool_or(is_unused AND capacity_seconds IS NULL), FALSE) THEN sum(capacity_seconds) END
            AS capacity_seconds,
        coalesce(sum(capacity_seconds) FILTER (is_unused), 0) AS unused_seconds,
        coalesce(sum(used_seconds), 0) AS used_seconds,
        -- In the currency of the bills: where they have several, costs are not added up.
        CASE WHEN count(DISTINCT currency) = 1 THEN any_value(currency) END AS currency,
        sum(cost) AS cost,
        sum(idle_cost) AS idle_cost,
        sum(idle_assigned) AS idle_assigned
    FROM books.gpu_use_charges
    GROUP BY pool_no, coverage, gpu_type, resource_id, day
)

SELECT
    * EXCLUDE (capacity_seconds, unused_seconds, used_seconds, currency, cost, idle_cost, idle_assigned),
    hours_of_seconds(capacity_seconds) AS capacity_gpu_hours,
    hours_of_seconds(used_seconds) AS used_gpu_hours,
    hours_of_seconds(unused_seconds) AS unused_gpu_hours,
    -- Of hours as they are shown, rounded, so that they add up.
    CASE
        WHEN capacity_seconds IS NOT NULL
            THEN greatest(
                hours_of_seconds(capacity_seconds) - hours_of_seconds(used_seconds), hours_of_seconds(unused_seconds)
            )
    END AS idle_gpu_hours,
    currency,
    CASE WHEN currency IS NOT NULL THEN cost END AS cost,
    CASE WHEN currency IS NOT NULL THEN idle_cost END AS idle_cost,
    CASE WHEN currency IS NOT NULL THEN idle_assigned END AS idle_assigned
FROM summed
