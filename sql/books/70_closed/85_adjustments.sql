-- What the books of closed quarters say now, less what was posted of them: due in the first open quarter.
--
-- A charge is compared by all that it counts for, so that a cost that moves from one stage or model to another is posted plus
-- and minus. First where it stands, then by what it is (`charge_key`): a bill that is replaced whole stands on new lines, and what it
-- says again is no adjustment. Charges of truecost.toml are told apart by what they count for alone: their lines move as the
-- file is edited.
CREATE OR REPLACE TABLE books.adjustments AS
WITH open_quarter AS (
    SELECT max(quarter_end) AS quarter_start FROM books.closes
),

derived AS (
    SELECT costs.*, costs.month AS cost_month, costs.quarter AS origin_quarter, 1 AS side
    FROM books.costs
    INNER JOIN open_quarter ON costs.quarter_start < open_quarter.quarter_start
),

posted AS (
    SELECT *, coalesce(origin_month, month) AS cost_month, -1 AS side FROM books.frozen
),

compared AS NOT MATERIALIZED (
    SELECT * FROM derived
    UNION ALL BY NAME
    SELECT * FROM posted
),

-- Most sources say the same of most quarters as they did, row for row: what they say need not be looked at.
changed AS (
    SELECT origin_quarter, source
    FROM compared
    GROUP BY origin_quarter, source
    HAVING coalesce(sum(side * cost), 0) <> 0
        OR coalesce(sum(side * billed), 0) <> 0
        OR sum(side * CAST(hash(
            x_delivery_id, x_line, x_part, x_basis, cost_month, model_id, activity, round, stage, cost_kind, run_id,
            is_training_only, is_idle, is_accrued, billing_currency, billed_cost, effective_cost, cost, billed
        ) AS HUGEINT)) <> 0
),

placed AS (
    SELECT
        * EXCLUDE (x_line, x_part),
        CASE WHEN x_delivery_id = 0 THEN 0 ELSE x_line END AS x_line,
        CASE WHEN x_delivery_id = 0 THEN 0 ELSE x_part END AS x_part,
        CASE
            WHEN x_delivery_id = 0
                THEN concat_ws(chr(31), cost_month, CASE WHEN names_its_model(source) THEN model_id || chr(31) || activity END)
        END AS setting
    FROM compared
    SEMI JOIN changed USING (origin_quarter, source)
),

netted AS (
    SELECT
        origin_quarter,
        source,
        x_delivery_id,
        x_line,
        x_part,
        setting,
        x_basis,
        cost_month AS origin_month,
        model_id,
        activity,
        round,
        stage,
        cost_kind,
        run_id,
        is_training_only,
        is_idle,
        is_accrued,
        billing_currency,
        any_value(charge_key) AS charge_key,
        any_value(allocated_method_id) AS allocated_method_id,
        any_value(rule_no) AS rule_no,
        coalesce(any_value(treatment) FILTER (side = 1), any_value(treatment)) AS treatment,
        coalesce(sum(side * billed_cost), 0) AS billed_cost,
        coalesce(sum(side * effective_cost), 0) AS effective_cost,
        coalesce(sum(side * cost), 0) AS cost_change,
        coalesce(sum(side * billed), 0) AS billed,
        sum(CASE WHEN cost IS NULL THEN side ELSE 0 END) AS unknown_change,
        bool_or(is_unpriced AND side = 1) AS was_unpriced,
        bool_or(is_unconverted AND side = 1) AS was_unconverted
    FROM placed
    GROUP BY ALL
    -- What is told now and was not before is kept though it be nothing: it may be what a line was restated to.
    HAVING cost_change <> 0 OR billed <> 0 OR unknown_change <> 0 OR coalesce(sum(side * billed_cost), 0) <> 0
        OR coalesce(sum(side * effective_cost), 0) <> 0 OR bool_and(side = 1)
),

-- How the whole charge stands, whatever of it has changed.
place AS (
    SELECT
        origin_quarter,
        source,
        x_delivery_id,
        x_line,
        x_part,
        setting,
        bool_or(side = -1) AS was_posted,
        bool_or(side = 1) AS is_held,
        bool_or(side = 1 AND is_covered) AS is_covered
    FROM placed
    SEMI JOIN netted USING (origin_quarter, source, x_delivery_id, x_line, x_part)
    GROUP BY ALL
),

keyed AS (
    SELECT
        netted.* EXCLUDE (charge_key, setting),
        coalesce(
            md5_number_lower(netted.setting),
            netted.charge_key,
            charge_keys.charge_key,
            md5_number_lower(concat_ws(':', netted.x_delivery_id, netted.x_line, netted.x_part))
        ) AS charge_key,
        place.was_posted,
        place.is_held,
        place.is_covered OR coalesce(covered.covered_parts > 0, FALSE) AS is_covered,
        CASE WHEN place.is_held THEN 1 ELSE -1 END AS way
    FROM netted
    INNER JOIN place
        ON netted.origin_quarter = place.origin_quarter
        AND netted.source = place.source
        AND netted.x_delivery_id = place.x_delivery_id
        AND netted.x_line = place.x_line
        AND netted.x_part = place.x_part
        AND netted.setting IS NOT DISTINCT FROM place.setting
    -- Hours beyond what a bill provides stay accrued: the rest of the accrual is reversed all the same.
    LEFT JOIN books.covered
        ON netted.x_delivery_id = covered.x_delivery_id
        AND netted.x_line = covered.x_line
        AND netted.x_part = covered.x_part
    LEFT JOIN books.charge_keys
        ON netted.x_delivery_id = charge_keys.x_delivery_id
        AND netted.x_line = charge_keys.x_line
        AND netted.x_part = charge_keys.x_part
),

-- What is gone from one place and stands in another, and is the same to the last unit, has not changed: of a bill that is replaced
-- most charges whole, which is told by their sum; of what is left, row by row.
altered AS (
    SELECT origin_quarter, source, charge_key
    FROM keyed
    GROUP BY origin_quarter, source, charge_key
    HAVING sum(cost_change) <> 0
        OR sum(billed) <> 0
        OR sum(way * CAST(hash(
            x_basis, origin_month, model_id, activity, round, stage, cost_kind, run_id, is_training_only, is_idle, is_accrued,
            billing_currency, way * cost_change, way * billed, way * unknown_change, way * billed_cost, way * effective_cost
        ) AS HUGEINT)) <> 0
),

paired AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY
                origin_quarter, source, charge_key, x_basis, origin_month, model_id, activity, round, stage, cost_kind, run_id,
                is_training_only, is_idle, is_accrued, billing_currency,
                way * cost_change, way * billed, way * unknown_change, way * billed_cost, way * effective_cost, is_held
            ORDER BY x_delivery_id, x_line, x_part
        ) AS nth,
        count(*) FILTER (is_held) OVER same_amount AS held_count,
        count(*) FILTER (NOT is_held) OVER same_amount AS gone_count
    FROM keyed
    SEMI JOIN altered USING (origin_quarter, source, charge_key)
    WINDOW same_amount AS (
        PARTITION BY
            origin_quarter, source, charge_key, x_basis, origin_month, model_id, activity, round, stage, cost_kind, run_id,
            is_training_only, is_idle, is_accrued, billing_currency,
            way * cost_change, way * billed, way * unknown_change, way * billed_cost, way * effective_cost
    )
),

judged AS (
    SELECT
        *,
        bool_or(was_posted) OVER of_charge AS charge_was_posted,
        bool_or(is_held) OVER of_charge AS charge_is_held,
        bool_or(is_covered) OVER of_charge AS charge_is_covered,
        sum(cost_change) OVER of_charge = 0 AND sum(billed) OVER of_charge = 0 AS is_moved,
        bool_or(is_held) OVER alike AND NOT bool_and(is_held) OVER alike AS is_replaced
    FROM paired
    WHERE nth > CASE WHEN is_held THEN gone_count ELSE held_count END
    WINDOW
        of_charge AS (PARTITION BY origin_quarter, source, charge_key),
        alike AS (
            PARTITION BY
                origin_quarter, source, charge_key, x_basis, origin_month, model_id, activity, round, stage, cost_kind, run_id,
                is_training_only, is_idle, is_accrued, billing_currency
        )
),

-- What was replaced by other amounts is one adjustment, of the charge as it stands now; the rest is one each.
due AS (
    SELECT
        origin_quarter,
        source,
        arg_max(x_delivery_id, (is_held, x_delivery_id, x_line, x_part)) AS x_delivery_id,
        arg_max(x_line, (is_held, x_delivery_id, x_line, x_part)) AS x_line,
        arg_max(x_part, (is_held, x_delivery_id, x_line, x_part)) AS x_part,
        charge_key,
        x_basis,
        origin_month,
        model_id,
        activity,
        round,
        stage,
        cost_kind,
        run_id,
        is_training_only,
        is_idle,
        is_accrued,
        billing_currency,
        charge_was_posted,
        charge_is_held,
        charge_is_covered,
        is_moved,
        CASE WHEN NOT is_replaced THEN concat_ws(':', x_delivery_id, x_line, x_part) END AS own_place,
        arg_max(allocated_method_id, (is_held, x_delivery_id, x_line, x_part)) AS allocated_method_id,
        arg_max(rule_no, (is_held, x_delivery_id, x_line, x_part)) AS rule_no,
        arg_max(treatment, (is_held, x_delivery_id, x_line, x_part)) AS treatment,
        sum(billed_cost) AS billed_cost,
        sum(effective_cost) AS effective_cost,
        sum(cost_change) AS cost_change,
        sum(billed) AS billed,
        sum(unknown_change) AS unknown_change,
        bool_or(was_unpriced) AS was_unpriced,
        bool_or(was_unconverted) AS was_unconverted
    FROM judged
    GROUP BY ALL
    HAVING sum(cost_change) <> 0 OR sum(billed) <> 0 OR sum(unknown_change) <> 0 OR sum(billed_cost) <> 0
        OR sum(effective_cost) <> 0
)

SELECT
    due.* EXCLUDE (
        cost_change, unknown_change, was_unpriced, was_unconverted, charge_was_posted, charge_is_held, charge_is_covered, is_moved,
        own_place
    ),
    CASE WHEN unknown_change > 0 AND cost_change = 0 THEN NULL ELSE cost_change END AS cost,
    unknown_change > 0 AND was_unpriced AS is_unpriced,
    unknown_change > 0 AND was_unconverted AS is_unconverted,
    0 AS share_no,
    FALSE AS is_contested,
    FALSE AS is_covered,
    CASE
        WHEN is_accrued AND charge_is_covered AND cost_change < 0 THEN 'reversed'
        WHEN charge_was_posted AND charge_is_held AND is_moved THEN 'reclassified'
        WHEN x_delivery_id = 0 AND source <> '[[token_rates]]' THEN 'settings'
        WHEN NOT charge_was_posted THEN 'late'
        WHEN NOT charge_is_held THEN 'withdrawn'
        ELSE 'restated'
    END AS reason,
    open_quarter.quarter_start AS month,
    fiscal_quarter(open_quarter.quarter_start, getvariable('fiscal_year_start_month')) AS quarter,
    open_quarter.quarter_start
FROM due
CROSS JOIN open_quarter
