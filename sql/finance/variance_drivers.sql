-- Why a model's cost differs from the quarter before: price, volume and mix, which add up to the change exactly.
-- What is counted in the same unit is one group (GPU hours of compute, hours of labor), its items are what it is sold as (GPU type,
-- role). With q and c the quantity and cost of an item, Q and C those of its group, before (0) and now (1): price is the sum
-- of c1 - q1 c0/q0, volume is (Q1 - Q0) C0/Q0, and mix the rest: a dearer or cheaper blend (the price-volume-mix analysis of
-- management accounting). An item that is new is priced at its group's average. What has no quantity is `other`.
-- model_id: the model
-- quarter: fiscal quarter
-- previous_quarter: the quarter it is compared with
-- currency: currency of every amount in the row
-- cost_kind: compute, labor, annotation, inference_api, storage or other
-- unit: the unit of the quantities; NULL where there is none
-- previous_quantity: quantity in the quarter before
-- quantity: quantity in the quarter
-- previous_cost: cost in the quarter before
-- cost: cost in the quarter
-- price: the part of the change that is price
-- volume: the part that is volume
-- mix: the part that is mix
-- other: the change of what has no quantity, is new or has ended
WITH counted AS (
    SELECT
        posted.model_id,
        posted.quarter,
        posted.quarter_start,
        posted.cost_kind,
        CASE
            WHEN posted.is_adjustment OR posted.is_idle THEN NULL
            WHEN posted.allocated_method_details IS NOT NULL
                THEN CASE WHEN json_extract_string(posted.allocated_method_details, '$.unit') = 'GPU seconds' THEN 'GPU-Hours' END
            WHEN charges.x_issued_at IS NULL AND charges.consumed_quantity > 0 THEN charges.consumed_unit
        END AS unit,
        coalesce(charges.sku_id, charges.service_name, '') AS item,
        posted.cost,
        CASE
            WHEN posted.allocated_method_details IS NOT NULL
                THEN CAST(json_extract_string(posted.allocated_method_details, '$.weight') AS HUGEINT) * 1000000 // 3600
            ELSE to_units(charges.consumed_quantity) // 100000000000000
        END AS quantity
    FROM books.posted
    LEFT JOIN books.charges USING (x_delivery_id, x_line, x_part)
    WHERE posted.model_id IS NOT NULL AND posted.cost IS NOT NULL AND NOT posted.is_covered
),

item AS (
    SELECT
        model_id,
        quarter,
        quarter_start,
        cost_kind,
        unit,
        CASE WHEN unit IS NOT NULL THEN item END AS item,
        to_units(CAST(sum(cost) AS DECIMAL(38, 20))) AS cost,
        CAST(sum(CASE WHEN unit IS NOT NULL THEN quantity ELSE 0 END) AS HUGEINT) AS quantity
    FROM counted
    GROUP BY ALL
),

quarter AS (
    SELECT quarter, quarter_start, lag(quarter) OVER (ORDER BY quarter_start) AS previous_quarter
    FROM (SELECT DISTINCT quarter, quarter_start FROM item)
),

pair AS (
    SELECT
        model_id,
        quarter.quarter,
        quarter.quarter_start,
        quarter.previous_quarter,
        cost_kind,
        unit,
        item,
        coalesce(sum(item.cost) FILTER (item.quarter = quarter.previous_quarter), 0) AS cost_0,
        coalesce(sum(item.cost) FILTER (item.quarter = quarter.quarter), 0) AS cost_1,
        coalesce(sum(item.quantity) FILTER (item.quarter = quarter.previous_quarter), 0) AS quantity_0,
        coalesce(sum(item.quantity) FILTER (item.quarter = quarter.quarter), 0) AS quantity_1
    FROM quarter
    INNER JOIN item ON item.quarter IN (quarter.quarter, quarter.previous_quarter)
    WHERE quarter.previous_quarter IS NOT NULL
    GROUP BY ALL
),

grouped AS (
    SELECT
        *,
        sum(cost_0) OVER alike AS group_cost_0,
        sum(quantity_0) OVER alike AS group_quantity_0,
        sum(quantity_1) OVER alike AS group_quantity_1
    FROM pair
    WINDOW alike AS (PARTITION BY model_id, quarter, cost_kind, unit)
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
        previous_quarter,
        cost_kind,
        unit,
        bool_and(is_comparable) AS is_comparable,
        CAST(sum(quantity_0) AS HUGEINT) AS quantity_0,
        CAST(sum(quantity_1) AS HUGEINT) AS quantity_1,
        CAST(sum(cost_0) AS HUGEINT) AS cost_0,
        CAST(sum(cost_1) AS HUGEINT) AS cost_1,
        CAST(sum(cost_1 - at_old_price) AS HUGEINT) AS price
    FROM priced
    GROUP BY model_id, quarter, quarter_start, previous_quarter, cost_kind, unit
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
    previous_quarter,
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
ORDER BY model_id, quarter_start, cost_kind, unit
