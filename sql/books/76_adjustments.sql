-- What the books of closed quarters say now, less what was posted of them: due in the first open quarter.
--
-- A charge is compared by all that it counts for, so that a cost that moves from one stage or model to another is posted plus
-- and minus. Charges of truecost.toml are told apart by what they count for alone: their lines move as the file is edited.
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

compared AS (
    SELECT
        * EXCLUDE (x_line, x_part),
        CASE WHEN x_delivery_id = 0 THEN 0 ELSE x_line END AS x_line,
        CASE WHEN x_delivery_id = 0 THEN 0 ELSE x_part END AS x_part
    FROM (SELECT * FROM derived UNION ALL BY NAME SELECT * FROM posted)
),

netted AS (
    SELECT
        origin_quarter,
        source,
        x_delivery_id,
        x_line,
        x_part,
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
        any_value(allocated_method_id) AS allocated_method_id,
        any_value(rule_no) AS rule_no,
        coalesce(sum(side * billed_cost), 0) AS billed_cost,
        coalesce(sum(side * effective_cost), 0) AS effective_cost,
        coalesce(sum(side * cost), 0) AS cost_change,
        coalesce(sum(side * billed), 0) AS billed,
        sum(CASE WHEN cost IS NULL THEN side ELSE 0 END) AS unknown_change,
        bool_or(is_unpriced AND side = 1) AS was_unpriced,
        bool_or(is_unconverted AND side = 1) AS was_unconverted
    FROM compared
    GROUP BY ALL
    HAVING cost_change <> 0 OR billed <> 0 OR unknown_change <> 0 OR coalesce(sum(side * billed_cost), 0) <> 0
        OR coalesce(sum(side * effective_cost), 0) <> 0
),

-- How the whole charge stands, whatever of it has changed.
charge AS (
    SELECT
        origin_quarter,
        source,
        x_delivery_id,
        x_line,
        x_part,
        bool_or(side = -1) AS was_posted,
        bool_or(side = 1) AS is_held,
        coalesce(sum(side * cost), 0) = 0 AND coalesce(sum(side * billed), 0) = 0 AS is_moved
    FROM compared
    SEMI JOIN netted USING (origin_quarter, source, x_delivery_id, x_line, x_part)
    GROUP BY ALL
)

SELECT
    netted.* EXCLUDE (cost_change, unknown_change, was_unpriced, was_unconverted),
    CASE WHEN unknown_change > 0 AND cost_change = 0 THEN NULL ELSE cost_change END AS cost,
    unknown_change > 0 AND was_unpriced AS is_unpriced,
    unknown_change > 0 AND was_unconverted AS is_unconverted,
    0 AS share_no,
    FALSE AS is_contested,
    FALSE AS is_covered,
    CASE
        WHEN netted.is_accrued AND cost_change < 0 THEN 'reversed'
        WHEN NOT charge.was_posted THEN 'late'
        WHEN NOT charge.is_held THEN 'withdrawn'
        WHEN charge.is_moved THEN 'reclassified'
        ELSE 'restated'
    END AS reason,
    open_quarter.quarter_start AS month,
    fiscal_quarter(open_quarter.quarter_start, getvariable('fiscal_year_start_month')) AS quarter,
    open_quarter.quarter_start
FROM netted
INNER JOIN charge USING (origin_quarter, source, x_delivery_id, x_line, x_part)
CROSS JOIN open_quarter
