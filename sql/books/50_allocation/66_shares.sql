-- Each shared charge, split over those who used it, to the last unit (largest remainder). What was paid for and not used is
-- idle, and goes on to models by the policy of [idle], or stays with the platform (model NULL).
--
-- A bill of several days is split day by day: by time, or, where nothing tells what it provides, by what was used of it; each day's
-- shares fall in that day's month (`falls_in`; NULL where a share is of the bill's whole period). A weekend's
-- idle belongs to those who used the same GPUs that month: `proportional` measures by calendar month, and by GPU type. A driver
-- that is zero leaves the charge unallocated; so does idle that nobody's use explains. A bill whose capacity nothing tells and
-- that nobody used is not split at all: it is left to the rules.
CREATE OR REPLACE TABLE books.shares AS
WITH used AS (
    SELECT
        pool_usage.pool_no,
        attribution.model_id,
        attribution.activity,
        attribution.cost_kind,
        attribution.run_id,
        attribution.round,
        sum(pool_usage.used_seconds) AS weight
    FROM books.pool_usage
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    GROUP BY ALL
),

pool AS (
    SELECT
        pool_no,
        coverage_no,
        pool_gpu_type,
        pool_resource_id,
        CAST(date_trunc('month', day) AS DATE) AS month,
        sum(capacity_seconds) FILTER (NOT is_unused) AS capacity_seconds
    FROM books.pool_days
    GROUP BY ALL
),

idle_of_pool AS (
    SELECT pool.pool_no, pool.capacity_seconds - coalesce(sum(used.weight), 0) AS weight
    FROM pool
    LEFT JOIN used USING (pool_no)
    GROUP BY pool.pool_no, pool.capacity_seconds
    HAVING pool.capacity_seconds > coalesce(sum(used.weight), 0)
),

-- Each bill's days, and what each weighs: nothing where nobody used the pool and nothing was idle.
paid_day AS (
    SELECT
        pool_days.x_delivery_id,
        pool_days.x_line,
        pool_days.x_part,
        pool_days.pool_no,
        pool_days.is_unused,
        pool_days.day,
        CASE
            WHEN use.weight IS NULL AND idle_of_pool.weight IS NULL AND NOT pool_days.is_unused THEN 0
            WHEN pool_days.is_unused OR sum(pool_days.capacity_seconds) OVER whole > 0 THEN seconds_after - seconds_before
            ELSE coalesce(use.weight, 0)
        END AS day_weight
    FROM books.pool_days
    LEFT JOIN (SELECT pool_no, sum(weight) AS weight FROM used GROUP BY pool_no) AS use USING (pool_no)
    LEFT JOIN idle_of_pool USING (pool_no)
    WINDOW whole AS (PARTITION BY pool_days.x_delivery_id, pool_days.x_line, pool_days.x_part)
),

reached AS (
    SELECT
        *,
        sum(day_weight) OVER (PARTITION BY x_delivery_id, x_line, x_part ORDER BY day) AS weight_after,
        sum(day_weight) OVER (PARTITION BY x_delivery_id, x_line, x_part) AS all_weight
    FROM paid_day
),

piece AS (
    SELECT
        row_number() OVER (ORDER BY x_delivery_id, x_line, x_part, reached.day) AS piece_no,
        shared_charges.* EXCLUDE (part, first_day, end_day, capacity_seconds),
        reached.pool_no,
        coalesce(reached.is_unused, FALSE) AS is_unused,
        coalesce(reached.day, first_day) AS day,
        CASE WHEN reached.day IS NULL THEN capacity_seconds END AS capacity_seconds,
        greatest(charge_period_start, CAST(coalesce(reached.day, first_day) AS TIMESTAMP)) AS from_time,
        CASE
            WHEN reached.day IS NULL THEN to_units(effective_cost)
            ELSE part_between(to_units(effective_cost), weight_after - day_weight, weight_after, all_weight)
        END AS effective_units,
        CASE
            WHEN reached.day IS NULL THEN to_units(billed_cost)
            ELSE part_between(to_units(billed_cost), weight_after - day_weight, weight_after, all_weight)
        END AS billed_units,
        attribution.cost_kind AS own_cost_kind,
        coalesce(config_coverage.name || ' by ' || config_coverage.join_on, 'allocation ' || allocation_no || ' by ' || allocation.driver)
            AS method
    FROM books.shared_charges
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    LEFT JOIN reached USING (x_delivery_id, x_line, x_part)
    LEFT JOIN config_coverage USING (coverage_no)
    LEFT JOIN (SELECT DISTINCT allocation_no, driver FROM config_allocations) AS allocation USING (allocation_no)
    WHERE allocation_no IS NOT NULL OR reached.day_weight > 0
),

driven AS (
    SELECT
        piece.piece_no,
        drivers.model_id,
        drivers.activity,
        coalesce(drivers.cost_kind, piece.own_cost_kind) AS cost_kind,
        drivers.run_id,
        drivers.round,
        drivers.weight
    FROM piece
    INNER JOIN books.drivers USING (allocation_no, charge_period_start, charge_period_end)
),

-- Busy GPU seconds are in thousandths. Only this driver leaves something idle. Charges of one period are busy with the same calls, each
-- by what it provides.
idle_of_charge AS (
    SELECT piece.piece_no, 1000 * piece.period_seconds - coalesce(sum(driven.weight), 0) AS weight
    FROM (
        SELECT
            *,
            CAST(sum(capacity_seconds) OVER (PARTITION BY allocation_no, charge_period_start, charge_period_end) AS HUGEINT)
                AS period_seconds
        FROM piece
    ) AS piece
    LEFT JOIN driven USING (piece_no)
    WHERE piece.method LIKE '% by gpu\_seconds' ESCAPE '\' AND piece.capacity_seconds IS NOT NULL
    GROUP BY piece.piece_no, piece.period_seconds
    HAVING 1000 * piece.period_seconds > coalesce(sum(driven.weight), 0)
),

target AS (
    SELECT piece.piece_no, FALSE AS is_idle, used.* EXCLUDE (pool_no)
    FROM piece
    INNER JOIN used USING (pool_no)
    WHERE NOT piece.is_unused
    UNION ALL BY NAME
    SELECT piece.piece_no, TRUE AS is_idle, 'compute' AS cost_kind, idle_of_pool.weight
    FROM piece
    INNER JOIN idle_of_pool USING (pool_no)
    WHERE NOT piece.is_unused
    UNION ALL BY NAME
    SELECT piece_no, TRUE AS is_idle, 'compute' AS cost_kind, 1 AS weight
    FROM piece
    WHERE is_unused
    UNION ALL BY NAME
    SELECT *, FALSE AS is_idle
    FROM driven
    UNION ALL BY NAME
    SELECT *, TRUE AS is_idle, 'compute' AS cost_kind
    FROM idle_of_charge
    UNION ALL BY NAME
    SELECT piece_no, FALSE AS is_idle, own_cost_kind AS cost_kind, 1 AS weight
    FROM piece
    ANTI JOIN driven USING (piece_no)
    ANTI JOIN idle_of_charge USING (piece_no)
    WHERE allocation_no IS NOT NULL
),

weighed AS (
    SELECT
        piece.* EXCLUDE (effective_units, billed_units),
        piece.effective_units AS effective_whole,
        piece.billed_units AS billed_whole,
        target.* EXCLUDE (piece_no),
        sum(target.weight) OVER (PARTITION BY piece_no) AS total,
        row_number() OVER (
            PARTITION BY piece_no ORDER BY is_idle, model_id, activity, target.cost_kind, run_id, round
        ) AS place
    FROM target
    INNER JOIN piece USING (piece_no)
),

split AS (
    SELECT
        *,
        largest_remainder(effective_whole, weight, total, piece_no, place) AS effective_units,
        largest_remainder(billed_whole, weight, total, piece_no, place) AS billed_units
    FROM weighed
),

used_in_month AS (
    SELECT coverage_no, pool_gpu_type, pool_resource_id, month, used.model_id, used.activity, sum(used.weight) AS bearer_weight
    FROM used
    INNER JOIN pool USING (pool_no)
    WHERE used.model_id IS NOT NULL
    GROUP BY ALL
),

served_in_month AS (
    SELECT allocation_no, CAST(date_trunc('month', charge_period_start) AS DATE) AS month, model_id, activity, sum(weight) AS bearer_weight
    FROM books.drivers
    WHERE driver = 'gpu_seconds'
    GROUP BY ALL
),

idle AS (
    SELECT *, CAST(date_trunc('month', day) AS DATE) AS month FROM split WHERE is_idle
),

bearer AS (
    SELECT idle.piece_no, idle.effective_units, idle.billed_units, use.model_id, use.activity, use.bearer_weight
    FROM idle
    INNER JOIN used_in_month AS use
        ON idle.coverage_no = use.coverage_no
        AND idle.pool_gpu_type IS NOT DISTINCT FROM use.pool_gpu_type
        AND idle.pool_resource_id IS NOT DISTINCT FROM use.pool_resource_id
        AND idle.month = use.month
    WHERE getvariable('idle_policy') = 'proportional'
    UNION ALL BY NAME
    SELECT idle.piece_no, idle.effective_units, idle.billed_units, use.model_id, use.activity, use.bearer_weight
    FROM idle
    INNER JOIN served_in_month AS use USING (allocation_no, month)
    WHERE getvariable('idle_policy') = 'proportional'
    UNION ALL BY NAME
    SELECT
        idle.piece_no,
        idle.effective_units,
        idle.billed_units,
        config_idle.model_id,
        getvariable('idle_activity') AS activity,
        CASE WHEN getvariable('idle_policy') = 'equal' THEN 1 ELSE CAST(1000000 * config_idle.share AS HUGEINT) END AS bearer_weight
    FROM idle
    CROSS JOIN config_idle
    WHERE getvariable('idle_policy') IN ('equal', 'fixed')
),

bearing AS (
    SELECT
        *,
        sum(bearer_weight) OVER (PARTITION BY piece_no) AS bearer_sum,
        row_number() OVER (PARTITION BY piece_no ORDER BY model_id, activity) AS place
    FROM bearer
),

borne AS (
    SELECT
        piece_no,
        model_id,
        activity,
        bearer_weight,
        bearer_sum,
        largest_remainder(effective_units, bearer_weight, bearer_sum, piece_no, place) AS effective_units,
        largest_remainder(billed_units, bearer_weight, bearer_sum, piece_no, place) AS billed_units
    FROM bearing
),

share AS (
    SELECT * FROM split WHERE NOT is_idle
    UNION ALL BY NAME
    SELECT split.*, CAST(NULL AS HUGEINT) AS bearer_weight
    FROM split
    ANTI JOIN borne USING (piece_no)
    WHERE is_idle
    UNION ALL BY NAME
    SELECT split.* EXCLUDE (model_id, activity, effective_units, billed_units), borne.* EXCLUDE (piece_no)
    FROM split
    INNER JOIN borne USING (piece_no)
    WHERE split.is_idle
),

promotion AS (
    SELECT model_id, list(decided_at) AS promoted_at
    FROM books.training_runs
    WHERE outcome = 'promoted'
    GROUP BY model_id
),

rounded AS (
    SELECT
        share.* EXCLUDE (round),
        CASE
            WHEN share.model_id IS NOT NULL THEN CAST(coalesce(
                share.round,
                len(list_filter(promotion.promoted_at, lambda promoted: promoted <= share.from_time)),
                0
            ) AS INTEGER)
        END AS round
    FROM share
    LEFT JOIN promotion USING (model_id)
)

SELECT
    x_delivery_id,
    x_line,
    x_part,
    CAST(row_number() OVER (
        PARTITION BY x_delivery_id, x_line, x_part ORDER BY day, is_idle, model_id, activity, cost_kind, run_id, round
    ) AS INTEGER) AS share_no,
    coverage_no,
    pool_no,
    pool_gpu_type,
    day,
    CASE WHEN pool_no IS NOT NULL THEN CAST(date_trunc('month', day) AS DATE) END AS falls_in,
    model_id,
    activity,
    round,
    stage_of(model_id, activity, round) AS stage,
    cost_kind,
    run_id,
    is_idle,
    billing_currency,
    from_units(billed_units) AS billed_cost,
    from_units(effective_units) AS effective_cost,
    method || CASE WHEN is_idle THEN ', idle ' || getvariable('idle_policy') ELSE '' END AS allocated_method_id,
    CAST(to_json({
        'weight': CAST(weight AS VARCHAR),
        'of': CAST(total AS VARCHAR),
        'unit': CASE
            WHEN is_unused THEN 'commitments'
            WHEN method LIKE '% by requests' THEN 'requests'
            WHEN method LIKE '% by tokens' THEN 'tokens'
            WHEN method LIKE '% by gpu\_seconds' ESCAPE '\' THEN 'GPU milliseconds'
            WHEN method LIKE '% by equal' THEN 'models'
            WHEN method LIKE '% by fixed' THEN 'millionths'
            ELSE 'GPU seconds'
        END,
        'idle_weight': CAST(bearer_weight AS VARCHAR),
        'idle_of': CAST(bearer_sum AS VARCHAR)
    }) AS VARCHAR) AS allocated_method_details
FROM rounded
