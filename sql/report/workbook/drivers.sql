-- Why the cost of the quarter $1 differs from the quarter before, and from the plan. What is nothing both times is left out.
SELECT
    model_id,
    coalesce(previous_quarter, compared_with) AS compared_with,
    stage,
    cost_kind,
    unit,
    previous_quantity,
    quantity,
    previous_cost,
    cost,
    cost - previous_cost AS change,
    price,
    volume,
    mix,
    other
FROM variance_drivers
WHERE quarter = $1 AND (cost <> 0 OR previous_cost <> 0)
ORDER BY model_id, previous_quarter IS NULL, stage, cost_kind, unit NULLS LAST
