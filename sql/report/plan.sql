-- Plan against actual: months, quarters and the whole plan. What was spent from the day $1 on, the day after the
-- reported quarter, is left out; a plan that goes on beyond it has no variance as a whole.
WITH quarter_start AS (
    SELECT model_id, quarter, min(month) AS first_month
    FROM actual_vs_plan
    WHERE month IS NOT NULL
    GROUP BY model_id, quarter
),

-- The view has rows for what was spent in other months too: a plan's own begin and end with something planned.
plan AS (
    SELECT model_id, min(month) AS first_month, max(month) AS last_month
    FROM actual_vs_plan
    WHERE month IS NOT NULL AND planned_mean <> 0
    GROUP BY model_id
),

spent AS (
    SELECT actual_vs_plan.model_id, actual_vs_plan.stage, sum(actual_vs_plan.actual) AS actual
    FROM actual_vs_plan
    INNER JOIN plan
        ON actual_vs_plan.model_id = plan.model_id
        AND actual_vs_plan.month BETWEEN plan.first_month AND plan.last_month
    WHERE actual_vs_plan.month < $1
    GROUP BY actual_vs_plan.model_id, actual_vs_plan.stage
),

held AS (
    SELECT
        actual_vs_plan.*,
        CASE
            WHEN actual_vs_plan.month IS NOT NULL THEN actual_vs_plan.month < $1
            WHEN actual_vs_plan.quarter IS NOT NULL THEN quarter_start.first_month < $1
            ELSE plan.last_month < $1
        END AS is_told
    FROM actual_vs_plan
    LEFT JOIN quarter_start USING (model_id, quarter)
    LEFT JOIN plan USING (model_id)
)

SELECT
    held.model_id,
    held.month,
    held.quarter,
    held.stage,
    held.currency,
    held.planned_mean,
    held.planned_p10,
    held.planned_p50,
    held.planned_p90,
    CASE
        WHEN held.is_told THEN held.actual
        WHEN held.quarter IS NULL THEN CAST(spent.actual AS DECIMAL(38, 20))
    END AS actual,
    CASE WHEN held.is_told THEN held.variance END AS variance,
    CASE WHEN held.is_told THEN held.variance_pct END AS variance_pct,
    held.is_complete AND coalesce(held.is_told, FALSE) AS is_complete
FROM held
LEFT JOIN spent USING (model_id, stage)
ORDER BY held.model_id, held.quarter IS NULL, held.quarter, held.month NULLS LAST, held.stage = 'total', held.stage
