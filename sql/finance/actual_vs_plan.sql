-- Actual cost against the plan, for each model with a plan: by month; by quarter (month NULL); and over all months of the
-- plan (month and quarter NULL); each by stage and, quantiles not adding up, in total. It covers the plan's months and
-- whatever was spent in other months.
-- model_id: the fine-tuned model
-- month: first day of the month; NULL in the rows of a quarter and of the whole plan
-- quarter: fiscal quarter; NULL in the rows of the whole plan
-- stage: data_curation, training, failed_experiments, evaluation, serving, maintenance, undecided, or total
-- currency: currency of every amount in the row
-- planned_mean: mean of the planned cost; 0 where nothing is planned
-- planned_p10: planned cost that one draw in ten stays below
-- planned_p50: planned cost that half of the draws stay below
-- planned_p80: planned cost that one draw in five exceeds; NULL in a quarter that an older truecost closed
-- planned_p90: planned cost that one draw in ten exceeds
-- actual: true cost so far; NULL for what lies ahead; a whole quarter's, be it in the plan or not; what has no price or no rate is not in it
-- variance: actual - planned_mean; in a running period, of what has come in so far
-- variance_pct: 100 x variance / planned_mean; NULL where nothing is planned
-- is_complete: whether the period is over; until then, actual is compared with the plan of the whole period
WITH plan AS (
    SELECT
        baseline.model_id,
        forecast.as_of,
        min(baseline.month) AS first_month,
        CAST(max(baseline.month) + INTERVAL 1 MONTH AS DATE) AS end_month
    FROM books.baseline
    INNER JOIN outlook.forecast USING (model_id)
    GROUP BY baseline.model_id, forecast.as_of
),

spent AS (
    SELECT
        posted.model_id,
        posted.month,
        posted.quarter,
        posted.stage,
        posted.month >= plan.first_month AND posted.month < plan.end_month AS is_in_plan,
        sum(posted.cost) AS cost
    FROM books.posted
    INNER JOIN plan ON posted.model_id = plan.model_id AND posted.month <= plan.as_of
    WHERE posted.cost IS NOT NULL
    GROUP BY ALL
),

actual AS (
    SELECT model_id, month, quarter, coalesce(stage, 'total') AS stage, sum(cost) AS cost
    FROM spent
    GROUP BY GROUPING SETS (
        (model_id, month, quarter, stage), (model_id, month, quarter), (model_id, quarter, stage), (model_id, quarter)
    )
    HAVING sum(cost) <> 0
    UNION ALL
    SELECT model_id, NULL AS month, NULL AS quarter, coalesce(stage, 'total') AS stage, sum(cost) AS cost
    FROM spent
    WHERE is_in_plan
    GROUP BY GROUPING SETS ((model_id, stage), (model_id))
    HAVING sum(cost) <> 0
),

told AS (
    SELECT model_id, month, quarter, stage FROM books.baseline
    UNION
    SELECT model_id, month, quarter, stage FROM actual
),

quarter AS (
    SELECT
        quarter,
        CAST(fiscal_quarter_start(any_value(month), getvariable('fiscal_year_start_month')) AS DATE) AS quarter_start
    FROM told
    WHERE month IS NOT NULL
    GROUP BY quarter
),

period AS (
    SELECT
        told.*,
        plan.as_of,
        CASE
            WHEN told.month IS NOT NULL THEN told.month
            WHEN told.quarter IS NOT NULL THEN quarter.quarter_start
            ELSE plan.first_month
        END AS period_start,
        CASE
            WHEN told.month IS NOT NULL THEN CAST(told.month + INTERVAL 1 MONTH AS DATE)
            WHEN told.quarter IS NOT NULL THEN CAST(quarter.quarter_start + INTERVAL 3 MONTH AS DATE)
            ELSE plan.end_month
        END AS period_end
    FROM told
    INNER JOIN plan USING (model_id)
    LEFT JOIN quarter USING (quarter)
),

compared AS (
    SELECT
        period.*,
        coalesce(baseline.planned_mean, 0) AS planned_mean,
        coalesce(baseline.planned_p10, 0) AS planned_p10,
        coalesce(baseline.planned_p50, 0) AS planned_p50,
        CASE WHEN baseline.model_id IS NULL THEN 0 ELSE baseline.planned_p80 END AS planned_p80,
        coalesce(baseline.planned_p90, 0) AS planned_p90,
        CASE WHEN period.period_start <= period.as_of THEN CAST(coalesce(actual.cost, 0) AS DECIMAL(38, 20)) END AS actual
    FROM period
    LEFT JOIN books.baseline
        ON period.model_id = baseline.model_id
        AND period.month IS NOT DISTINCT FROM baseline.month
        AND period.quarter IS NOT DISTINCT FROM baseline.quarter
        AND period.stage = baseline.stage
    LEFT JOIN actual
        ON period.model_id = actual.model_id
        AND period.month IS NOT DISTINCT FROM actual.month
        AND period.quarter IS NOT DISTINCT FROM actual.quarter
        AND period.stage = actual.stage
)

SELECT
    model_id,
    month,
    quarter,
    stage,
    getvariable('reporting_currency') AS currency,
    planned_mean,
    planned_p10,
    planned_p50,
    planned_p80,
    planned_p90,
    actual,
    CAST(actual - planned_mean AS DECIMAL(38, 20)) AS variance,
    CAST(100 * ratio(CAST(actual - planned_mean AS DECIMAL(38, 20)), planned_mean) AS DECIMAL(38, 4)) AS variance_pct,
    period_end <= as_of AS is_complete
FROM compared
ORDER BY model_id, quarter NULLS LAST, month NULLS LAST, stage = 'total', stage
