-- Each shared charge, split over those who used it, to the last unit (largest remainder). What was paid for and not used is
-- idle, and goes on to models by the policy of [idle], or stays with the platform (model NULL).
--
-- A weekend's idle belongs to those who used the same GPUs that month: `proportional` measures by calendar month. A driver
-- that is zero leaves the charge unallocated; so does idle that nobody's use explains. A pool whose capacity nothing tells and
-- nobody used is not split at all: its bills are left to the rules.
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
    SELECT pool_no, coverage_no, sum(capacity_seconds) AS capacity_seconds
    FROM books.shared_charges
    WHERE pool_no IS NOT NULL
    GROUP BY pool_no, coverage_no
),

idle_of_pool AS (
    SELECT pool.pool_no, pool.capacity_seconds - coalesce(sum(used.weight), 0) AS weight
    FROM pool
    LEFT JOIN used USING (pool_no)
    GROUP BY pool.pool_no, pool.capacity_seconds
    HAVING pool.capacity_seconds > coalesce(sum(used.weight), 0)
),

charge AS (
    SELECT
        shared_charges.*,
        attribution.cost_kind AS own_cost_kind,
        CAST(date_trunc('month', shared_charges.charge_period_start) AS DATE) AS month,
        coalesce(config_coverage.name || ' by ' || join_on, 'allocation ' || allocation_no || ' by ' || allocation.driver) AS method
    FROM books.shared_charges
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    LEFT JOIN config_coverage USING (coverage_no)
    LEFT JOIN (SELECT DISTINCT allocation_no, driver FROM config_allocations) AS allocation USING (allocation_no)
),

driven AS (
    SELECT
        charge.x_delivery_id,
        charge.x_line,
        charge.x_part,
        drivers.model_id,
        drivers.activity,
        coalesce(drivers.cost_kind, charge.own_cost_kind) AS cost_kind,
        drivers.run_id,
        drivers.round,
        drivers.weight
    FROM charge
    INNER JOIN books.drivers USING (allocation_no, charge_period_start, charge_period_end)
),

-- Busy GPU seconds are in thousandths. Only this driver leaves something idle.
idle_of_charge AS (
    SELECT
        charge.x_delivery_id,
        charge.x_line,
        charge.x_part,
        1000 * charge.capacity_seconds - coalesce(sum(driven.weight), 0) AS weight
    FROM charge
    LEFT JOIN driven USING (x_delivery_id, x_line, x_part)
    WHERE charge.method LIKE '% by gpu\_seconds' ESCAPE '\'
    GROUP BY charge.x_delivery_id, charge.x_line, charge.x_part, charge.capacity_seconds
    HAVING 1000 * charge.capacity_seconds > coalesce(sum(driven.weight), 0)
),

target AS (
    SELECT charge.x_delivery_id, charge.x_line, charge.x_part, FALSE AS is_idle, used.* EXCLUDE (pool_no)
    FROM charge
    INNER JOIN used USING (pool_no)
    UNION ALL BY NAME
    SELECT charge.x_delivery_id, charge.x_line, charge.x_part, TRUE AS is_idle, 'compute' AS cost_kind, idle_of_pool.weight
    FROM charge
    INNER JOIN idle_of_pool USING (pool_no)
    UNION ALL BY NAME
    SELECT *, FALSE AS is_idle
    FROM driven
    UNION ALL BY NAME
    SELECT *, TRUE AS is_idle, 'compute' AS cost_kind
    FROM idle_of_charge
    UNION ALL BY NAME
    SELECT x_delivery_id, x_line, x_part, FALSE AS is_idle, own_cost_kind AS cost_kind, 1 AS weight
    FROM charge
    ANTI JOIN driven USING (x_delivery_id, x_line, x_part)
    ANTI JOIN idle_of_charge USING (x_delivery_id, x_line, x_part)
    WHERE allocation_no IS NOT NULL
),

target_amount AS (
    SELECT
        target.*,
        to_units(charge.effective_cost) AS effective_whole,
        to_units(charge.billed_cost) AS billed_whole,
        sum(target.weight) OVER whole AS total,
        charge.* EXCLUDE (x_delivery_id, x_line, x_part, effective_cost, billed_cost)
    FROM target
    INNER JOIN charge USING (x_delivery_id, x_line, x_part)
    WINDOW whole AS (PARTITION BY target.x_delivery_id, target.x_line, target.x_part)
),

target_split AS (
    SELECT
        *,
        sign(effective_whole) * (
            split_whole(effective_whole, weight, total)
            + CASE
                WHEN row_number() OVER (
                    PARTITION BY x_delivery_id, x_line, x_part
                    ORDER BY split_rest(effective_whole, weight, total) DESC, is_idle, model_id, activity, cost_kind, run_id, round
                ) <= abs(effective_whole) - sum(split_whole(effective_whole, weight, total)) OVER whole THEN 1
                ELSE 0
            END
        ) AS effective_units,
        sign(billed_whole) * (
            split_whole(billed_whole, weight, total)
            + CASE
                WHEN row_number() OVER (
                    PARTITION BY x_delivery_id, x_line, x_part
                    ORDER BY split_rest(billed_whole, weight, total) DESC, is_idle, model_id, activity, cost_kind, run_id, round
                ) <= abs(billed_whole) - sum(split_whole(billed_whole, weight, total)) OVER whole THEN 1
                ELSE 0
            END
        ) AS billed_units
    FROM target_amount
    WINDOW whole AS (PARTITION BY x_delivery_id, x_line, x_part)
),

used_in_month AS (
    SELECT
        pool.coverage_no,
        CAST(date_trunc('month', pool_usage.used_on) AS DATE) AS month,
        attribution.model_id,
        attribution.activity,
        sum(pool_usage.used_seconds) AS weight
    FROM books.pool_usage
    INNER JOIN pool USING (pool_no)
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    WHERE attribution.model_id IS NOT NULL
    GROUP BY ALL
),

idle AS (
    SELECT x_delivery_id, x_line, x_part, coverage_no, month, effective_units AS effective_idle, billed_units AS billed_idle
    FROM target_split
    WHERE is_idle
),

bearer AS (
    SELECT idle.*, used_in_month.model_id, used_in_month.activity, used_in_month.weight AS bearer_weight
    FROM idle
    INNER JOIN used_in_month USING (coverage_no, month)
    WHERE getvariable('idle_policy') = 'proportional'
    UNION ALL BY NAME
    SELECT idle.*, driven.model_id, driven.activity, driven.weight AS bearer_weight
    FROM idle
    INNER JOIN driven USING (x_delivery_id, x_line, x_part)
    WHERE getvariable('idle_policy') = 'proportional'
    UNION ALL BY NAME
    SELECT
        idle.*,
        config_idle.model_id,
        getvariable('idle_activity') AS activity,
        CASE WHEN getvariable('idle_policy') = 'equal' THEN 1 ELSE CAST(1000000 * config_idle.share AS HUGEINT) END AS bearer_weight
    FROM idle
    CROSS JOIN config_idle
    WHERE getvariable('idle_policy') IN ('equal', 'fixed')
),

bearer_total AS (
    SELECT *, sum(bearer_weight) OVER (PARTITION BY x_delivery_id, x_line, x_part) AS bearer_sum
    FROM bearer
),

borne AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        model_id,
        activity,
        sign(effective_idle) * (
            split_whole(effective_idle, bearer_weight, bearer_sum)
            + CASE
                WHEN row_number() OVER (
                    PARTITION BY x_delivery_id, x_line, x_part
                    ORDER BY split_rest(effective_idle, bearer_weight, bearer_sum) DESC, model_id, activity
                ) <= abs(effective_idle) - sum(split_whole(effective_idle, bearer_weight, bearer_sum)) OVER whole THEN 1
                ELSE 0
            END
        ) AS effective_units,
        sign(billed_idle) * (
            split_whole(billed_idle, bearer_weight, bearer_sum)
            + CASE
                WHEN row_number() OVER (
                    PARTITION BY x_delivery_id, x_line, x_part
                    ORDER BY split_rest(billed_idle, bearer_weight, bearer_sum) DESC, model_id, activity
                ) <= abs(billed_idle) - sum(split_whole(billed_idle, bearer_weight, bearer_sum)) OVER whole THEN 1
                ELSE 0
            END
        ) AS billed_units,
        bearer_weight,
        bearer_sum
    FROM bearer_total
    WINDOW whole AS (PARTITION BY x_delivery_id, x_line, x_part)
),

share AS (
    SELECT * FROM target_split WHERE NOT is_idle
    UNION ALL BY NAME
    SELECT target_split.*, CAST(NULL AS HUGEINT) AS bearer_weight
    FROM target_split
    ANTI JOIN borne USING (x_delivery_id, x_line, x_part)
    WHERE is_idle
    UNION ALL BY NAME
    SELECT
        target_split.* EXCLUDE (model_id, activity, effective_units, billed_units),
        borne.model_id,
        borne.activity,
        borne.effective_units,
        borne.billed_units,
        borne.bearer_weight,
        borne.bearer_sum
    FROM target_split
    INNER JOIN borne USING (x_delivery_id, x_line, x_part)
    WHERE target_split.is_idle
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
                len(list_filter(promotion.promoted_at, lambda promoted: promoted <= share.charge_period_start)),
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
        PARTITION BY x_delivery_id, x_line, x_part ORDER BY is_idle, model_id, activity, cost_kind, run_id, round
    ) AS INTEGER) AS share_no,
    pool_no,
    model_id,
    activity,
    round,
    stage_of(model_id, activity, round) AS stage,
    cost_kind,
    run_id,
    is_idle,
    from_units(billed_units) AS billed_cost,
    from_units(effective_units) AS effective_cost,
    method || CASE WHEN is_idle THEN ', idle ' || getvariable('idle_policy') ELSE '' END AS allocated_method_id,
    CAST(to_json({
        'weight': CAST(weight AS VARCHAR),
        'of': CAST(total AS VARCHAR),
        'unit': CASE
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
