-- True cost of a quarter by model, what of it is adjustments of earlier quarters, and whether it is complete.
WITH posted AS (
    SELECT
        model_id,
        CAST(coalesce(sum(cost), 0) AS DECIMAL(38, 20)) AS true_cost,
        CAST(coalesce(sum(cost) FILTER (is_adjustment), 0) AS DECIMAL(38, 20)) AS adjustments
    FROM books.posted
    WHERE quarter = getvariable('quarter')
    GROUP BY model_id
),

told AS (
    SELECT model_id, completeness FROM (
        {{true_cost_by_quarter}}
    ) WHERE quarter = getvariable('quarter')
)

SELECT posted.model_id, posted.true_cost, posted.adjustments, coalesce(told.completeness, 'complete') AS completeness
FROM posted
LEFT JOIN told ON posted.model_id IS NOT DISTINCT FROM told.model_id
ORDER BY posted.model_id NULLS LAST
