-- Why a model's cost differs from the quarter before, and from its plan: price, volume and mix, which add up to the change exactly.
-- What is counted in the same unit is one group (GPU hours of compute, hours of labor; against the plan, by stage), its items are
-- what it is sold as (GPU type, role). With q and c the quantity and cost of an item, Q and C those of its group, before or planned (0)
-- and now (1): price is the sum of c1 - q1 c0/q0, volume is (Q1 - Q0) C0/Q0, and mix the rest: a dearer or cheaper blend (the
-- price-volume-mix analysis of management accounting). An item that is new or not planned is priced at its group's average. What
-- has no quantity is `other`. The rows against the plan add up to the same quarter and stage of `actual_vs_plan`; a quarter that
-- lies ahead has none.
-- model_id: the model
-- quarter: fiscal quarter
-- compared_with: previous quarter, or plan
-- previous_quarter: the quarter it is compared with; NULL where it is the plan
-- stage: the stage, where it is compared with the plan; NULL where with the quarter before
-- currency: currency of every amount in the row
-- cost_kind: compute, labor, annotation, inference_api, storage or other; NULL where it is compared with the plan, which knows none
-- unit: the unit of the quantities; NULL where there is none
-- previous_quantity: quantity in the quarter before, or the mean of what was planned
-- quantity: quantity in the quarter, in a running one so far
-- previous_cost: cost in the quarter before, or the planned mean
-- cost: cost in the quarter, in a running one so far
-- price: the part of the change that is price
-- volume: the part that is volume
-- mix: the part that is mix
-- other: the change of what has no quantity, is new or has ended, or was planned or used alone
WITH pool AS (
    SELECT
        pools.pool_no,
        coalesce(
            any_value(pools.pool_gpu_type),
            CASE WHEN min(lower(job_charges.sku_id)) = max(lower(job_charges.sku_id)) THEN min(lower(job_charges.sku_id)) END,
            ''
        ) AS gpu_type
    FROM (SELECT DISTINCT pool_no, pool_gpu_type FROM books.pool_days) AS pools
    LEFT JOIN books.pool_usage USING (pool_no)
    LEFT JOIN books.job_charges USING (x_delivery_id, x_line, x_part)
    GROUP BY pools.pool_no
),

-- Where usage says who used a bill, its hours are the usage's, and its cost the bill's shares: both are one item, by GPU type. The
-- weights of the shares are no hours: each of a day's bills has them all.
pooled AS (
    SELECT pool_days.x_delivery_id, pool_days.x_line, pool_days.x_part, FALSE AS is_usage, min(pool.gpu_type) AS gpu_type
    FROM books.pool_days
    INNER JOIN pool USING (pool_no)
    GROUP BY pool_days.x_delivery_id, pool_days.x_line, pool_days.x_part
    UNION ALL
    SELECT pool_usage.x_delivery_id, pool_usage.x_line, pool_usage.x_part, TRUE AS is_usage, min(pool.gpu_type) AS gpu_type
    FROM books.pool_usage
    INNER JOIN pool USING (pool_no)
    GROUP BY pool_usage.x_delivery_id, pool_usage.x_line, pool_usage.x_part
),

counted AS (
    SELECT
        posted.model_id,
        posted.quarter,
        posted.quarter_start,
        posted.month,
        posted.stage,
        posted.cost_kind,
        posted.cost,
        posted.share_no > 0 OR coalesce(pooled.is_usage, FALSE) AS is_pooled,
        CASE
            WHEN posted.is_adjustment OR posted.is_idle THEN NULL
            WHEN posted.share_no > 0
                THEN CASE
                    WHEN json_extract_string(posted.allocated_method_details, '$.unit') = 'GPU seconds'
                        AND NOT starts_with(posted.allocated_method_id, 'allocation ') THEN 'GPU-Hours'
                END
            WHEN pooled.is_usage THEN 'GPU-Hours'
            WHEN charges.x_issued_at IS NULL AND (charges.charge_category IS DISTINCT FROM 'Purchase') AND charges.consumed_quantity > 0
                THEN charges.consumed_unit
        END AS unit,
        CASE
            WHEN unit IS NOT NULL
                THEN lower(CASE
                    WHEN is_pooled THEN coalesce(pooled.gpu_type, '')
                    ELSE coalesce(charges.sku_id, charges.service_name, '')
                END)
        END AS item,
        CASE WHEN unit IS NOT NULL AND posted.share_no = 0 THEN CAST(charges.consumed_quantity AS DECIMAL(38, 6)) ELSE 0 END AS quantity
    FROM books.posted
    LEFT JOIN books.charges USING (x_delivery_id, x_line, x_part)
    LEFT JOIN pooled USING (x_delivery_id, x_line, x_part)
    WHERE posted.model_id IS NOT NULL AND posted.cost IS NOT NULL
),

-- Quantities from here on are whole millionths, and costs whole 1e-20 units: fractions are exact.
spent AS MATERIALIZED (
    SELECT
        model_id,
        quarter,
        quarter_start,
        month,
        stage,
        cost_kind,
        unit,
        item,
        to_units(CAST(sum(cost) AS DECIMAL(38, 20))) AS cost,
        millionths(CAST(sum(quantity) AS DECIMAL(38, 6))) AS quantity
    FROM counted
    GROUP BY model_id, quarter, quarter_start, month, stage, cost_kind, unit, item
),

-- ---- Against the quarter before ----

quarter AS (
    SELECT quarter, quarter_start, lag(quarter) OVER (ORDER BY quarter_start) AS previous_quarter
    FROM (SELECT DISTINCT quarter, quarter_start FROM spent)
),

against_before AS (
    SELECT
        spent.model_id,
        quarter.quarter,
        quarter.quarter_start,
        'previous quarter' AS compared_with,
        quarter.previous_quarter,
        CAST(NULL AS VARCHAR) AS stage,
        spent.cost_kind,
        spent.unit,
        spent.item,
        CASE WHEN spent.quarter = quarter.previous_quarter THEN spent.cost ELSE 0 END AS cost_0,
        CASE WHEN spent.quarter = quarter.quarter THEN spent.cost ELSE 0 END AS cost_1,
        CASE WHEN spent.quarter = quarter.previous_quarter THEN spent.quantity ELSE 0 END AS quantity_0,
        CASE WHEN spent.quarter = quarter.quarter THEN spent.quantity ELSE 0 END AS quantity_1
    FROM quarter
    INNER JOIN spent ON spent.quarter IN (quarter.quarter, quarter.previous_quarter)
    WHERE quarter.previous_quarter IS NOT NULL
),

-- ---- Against the plan: the quarters, models and months that `actual_vs_plan` tells of ----

plan AS (
    SELECT DISTINCT baseline.model_id, forecast.as_of
    FROM books.baseline
    INNER JOIN outlook.forecast USING (model_id)
),

planned_quarter AS (
    SELECT DISTINCT quarter, CAST(fiscal_quarter_start(month, getvariable('fiscal_year_start_month')) AS DATE) AS quarter_start
    FROM books.baseline
    WHERE month IS NOT NULL
),

planned_stage AS (
    SELECT baseline.model_id, baseline.quarter, planned_quarter.quarter_start, baseline.stage, to_units(baseline.planned_mean) AS cost
    FROM books.baseline
    INNER JOIN plan USING (model_id)
    INNER JOIN planned_quarter USING (quarter)
    WHERE baseline.month IS NULL AND baseline.stage <> 'total' AND planned_quarter.quarter_start <= plan.as_of
),

planned_item AS (
    SELECT
        planned_stage.* EXCLUDE (cost),
        planned_quantities.unit,
        lower(planned_quantities.sku) AS item,
        to_units(planned_quantities.planned_cost) AS cost,
        millionths(planned_quantities.planned_quantity) AS quantity
    FROM planned_stage
    INNER JOIN books.planned_quantities USING (model_id, quarter, stage)
),

against_plan AS (
    SELECT model_id, quarter, quarter_start, stage, unit, item, cost AS cost_0, 0 AS cost_1, quantity AS quantity_0, 0 AS quantity_1
    FROM planned_item
    UNION ALL
    -- What of a stage names no unit is its mean less what does: what rounding leaves over is in it.
    SELECT model_id, quarter, quarter_start, stage, NULL, NULL, cost, 0, 0, 0
    FROM planned_stage
    UNION ALL
    SELECT model_id, quarter, quarter_start, stage, NULL, NULL, -cost, 0, 0, 0
    FROM planned_item
    UNION ALL
    SELECT spent.model_id, spent.quarter, spent.quarter_start, spent.stage, spent.unit, spent.item, 0, spent.cost, 0, spent.quantity
    FROM spent
    INNER JOIN plan ON spent.model_id = plan.model_id AND spent.month <= plan.as_of
),

-- ---- Both alike ----

item AS (
    SELECT
        model_id,
        quarter,
        quarter_start,
        compared_with,
        previous_quarter,
        stage,
        cost_kind,
        unit,
        item,
        CAST(sum(cost_0) AS HUGEINT) AS cost_0,
        CAST(sum(cost_1) AS HUGEINT) AS cost_1,
        CAST(sum(quantity_0) AS HUGEINT) AS quantity_0,
        CAST(sum(quantity_1) AS HUGEINT) AS quantity_1
    FROM (
        FROM against_before
        UNION ALL BY NAME
        SELECT *, 'plan' AS compared_with FROM against_plan
    )
    GROUP BY ALL
),

grouped AS (
    SELECT
        *,
        sum(cost_0) OVER alike AS group_cost_0,
        sum(quantity_0) OVER alike AS group_quantity_0,
        sum(quantity_1) OVER alike AS group_quantity_1
    FROM item
    WINDOW alike AS (PARTITION BY model_id, quarter, compared_with, stage, cost_kind, unit)
),

priced AS (
    SELECT
        *,
        unit IS NOT NULL AND group_quantity_0 > 0 AND group_quantity_1 > 0 AS is_comparable,
        -- What the quantity of now would have cost at the price of before.
        CASE
            WHEN quantity_0 > 0 THEN cost_0 // quantity_0 * quantity_1 + cost_0 % quantity_0 * quantity_1 // quantity_0
            WHEN group_quantity_0 > 0
                THEN group_cost_0 // group_quantity_0 * quantity_1 + group_cost_0 % group_quantity_0 * quantity_1 // group_quantity_0
        END AS at_old_price
    FROM grouped
),

summed AS (
    SELECT
        model_id,
        quarter,
        quarter_start,
        compared_with,
        previous_quarter,
        stage,
        cost_kind,
        unit,
        bool_and(is_comparable) AS is_comparable,
        CAST(sum(quantity_0) AS HUGEINT) AS quantity_0,
        CAST(sum(quantity_1) AS HUGEINT) AS quantity_1,
        CAST(sum(cost_0) AS HUGEINT) AS cost_0,
        CAST(sum(cost_1) AS HUGEINT) AS cost_1,
        CAST(sum(cost_1 - at_old_price) AS HUGEINT) AS price
    FROM priced
    GROUP BY model_id, quarter, quarter_start, compared_with, previous_quarter, stage, cost_kind, unit
),

parted AS (
    SELECT
        *,
        CASE
            WHEN is_comparable
                THEN cost_0 // quantity_0 * (quantity_1 - quantity_0) + cost_0 % quantity_0 * (quantity_1 - quantity_0) // quantity_0
        END AS volume
    FROM summed
)

SELECT
    model_id,
    quarter,
    compared_with,
    previous_quarter,
    stage,
    getvariable('reporting_currency') AS currency,
    cost_kind,
    unit,
    CASE WHEN unit IS NOT NULL THEN CAST(CAST(quantity_0 AS DECIMAL(32, 0)) * 0.000001 AS DECIMAL(38, 6)) END AS previous_quantity,
    CASE WHEN unit IS NOT NULL THEN CAST(CAST(quantity_1 AS DECIMAL(32, 0)) * 0.000001 AS DECIMAL(38, 6)) END AS quantity,
    from_units(cost_0) AS previous_cost,
    from_units(cost_1) AS cost,
    CASE WHEN is_comparable THEN from_units(price) ELSE CAST(0 AS DECIMAL(38, 20)) END AS price,
    CASE WHEN is_comparable THEN from_units(volume) ELSE CAST(0 AS DECIMAL(38, 20)) END AS volume,
    CASE WHEN is_comparable THEN from_units(cost_1 - cost_0 - price - volume) ELSE CAST(0 AS DECIMAL(38, 20)) END AS mix,
    CASE WHEN is_comparable THEN CAST(0 AS DECIMAL(38, 20)) ELSE from_units(cost_1 - cost_0) END AS other
FROM parted
ORDER BY model_id, quarter_start, compared_with DESC, stage, cost_kind, unit
