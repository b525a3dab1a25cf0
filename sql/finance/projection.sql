-- What each plan comes to: by month; by quarter (month NULL); and over all months (month and quarter NULL); each by stage and, quantiles not
-- adding up, in total. Quarters that are closed are as they were frozen. `actual_vs_plan` holds the costs against it.
-- model_id: the fine-tuned model
-- baseline: number of the baseline it is of, in `baselines`; NULL where the plan was never frozen, and where the quarter is closed
-- month: first day of the month; NULL in the rows of a quarter and of the whole plan
-- quarter: fiscal quarter; NULL in the rows of the whole plan
-- stage: data_curation, training, failed_experiments, evaluation, serving, maintenance, or total
-- currency: currency of every amount in the row
-- planned_mean: mean of the planned cost
-- planned_p10: planned cost that one draw in ten stays below
-- planned_p50: planned cost that half of the draws stay below
-- planned_p80: planned cost that one draw in five exceeds; NULL in a quarter that an older truecost closed
-- planned_p90: planned cost that one draw in ten exceeds
-- is_closed: whether the quarter is closed, and the row as it was frozen
SELECT
    planned.model_id,
    CASE WHEN closes.quarter IS NULL THEN plans_in_force.baseline END AS baseline,
    planned.month,
    planned.quarter,
    planned.stage,
    planned.currency,
    planned.planned_mean,
    planned.planned_p10,
    planned.planned_p50,
    planned.planned_p80,
    planned.planned_p90,
    closes.quarter IS NOT NULL AS is_closed
FROM books.baseline AS planned
LEFT JOIN books.closes ON planned.quarter = closes.quarter
LEFT JOIN outlook.plans_in_force ON planned.model_id = plans_in_force.model_id
ORDER BY planned.model_id, planned.quarter NULLS LAST, planned.month NULLS LAST, planned.stage
