-- What the rows of the quarter $1 that are not listed add up to, so that the sheet ties.
WITH told AS (
    SELECT model_id, month, stage, activity, round, cost_kind, count(*) AS row_count, sum(cost) AS cost, sum(billed_cost) AS billed_cost
    FROM listed
    GROUP BY ALL
)

SELECT
    whole.model_id,
    whole.month,
    whole.stage,
    whole.activity,
    whole.round,
    whole.cost_kind,
    whole.row_count - coalesce(told.row_count, 0) AS row_count,
    coalesce(whole.cost, 0) - coalesce(told.cost, 0) AS cost,
    coalesce(whole.billed_cost, 0) - coalesce(told.billed_cost, 0) AS billed_cost
FROM cost_by_month AS whole
LEFT JOIN told
    ON whole.model_id IS NOT DISTINCT FROM told.model_id
    AND whole.month = told.month
    AND whole.stage = told.stage
    AND whole.activity IS NOT DISTINCT FROM told.activity
    AND whole.round IS NOT DISTINCT FROM told.round
    AND whole.cost_kind IS NOT DISTINCT FROM told.cost_kind
WHERE whole.quarter = $1 AND whole.row_count > coalesce(told.row_count, 0)
ORDER BY whole.model_id NULLS LAST, whole.month, whole.stage, whole.activity, whole.round, whole.cost_kind
