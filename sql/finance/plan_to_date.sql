-- Plan to date beside actual to date, over the same whole months: those of the plan that have ended. By stage, in total, and over all
-- models (model_id NULL). Before a month of the plan has ended there is no row.
-- model_id: the fine-tuned model; NULL in the rows over all models with a plan
-- stage: data_curation, training, failed_experiments, evaluation, serving, maintenance, undecided, or total
-- as_of: the day of the comparison
-- baseline: number of the baseline it is held against, in `baselines`; NULL where the plan was never frozen, and over all models
-- first_month: the plan's first month; over all models, the earliest
-- last_month: the last month of the plan that has ended; over all models, the latest
-- currency: currency of every amount in the row
-- planned_to_date: mean of the planned cost of these months; 0 where nothing was planned
-- actual_to_date: true cost of these months; what has no price or no rate is not in it
-- variance: actual_to_date - planned_to_date
-- variance_pct: 100 x variance / planned_to_date; NULL where nothing was planned
-- pace_months: how many of the last whole months the pace is of: three, or as many as have ended
-- planned_of_late: planned mean of these last months
-- actual_of_late: true cost of these last months
-- pace: actual_of_late / planned_of_late; 1 is as planned; NULL where nothing was planned
-- is_lower_bound: whether the actual cost is one: something of it is missing
-- completeness: of actual_to_date: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
WITH plan AS (
    SELECT
        baseline.model_id,
        forecast.as_of,
        min(baseline.month) AS first_month,
        least(
            max(baseline.month),
            CAST(date_trunc('month', forecast.as_of) - INTERVAL 1 MONTH AS DATE)
        ) AS last_month,
        greatest(min(baseline.month), CAST(last_month - INTERVAL 2 MONTH AS DATE)) AS late_month
    FROM books.baseline
    INNER JOIN outlook.forecast USING (model_id)
    WHERE baseline.month IS NOT NULL
    GROUP BY baseline.model_id, forecast.as_of
    HAVING last_month >= min(baseline.month)
),

amount AS (
    SELECT model_id, month, stage, planned_mean AS planned, CAST(0 AS DECIMAL(38, 20)) AS actual
    FROM books.baseline
    WHERE month IS NOT NULL AND stage <> 'total'
    UNION ALL
    SELECT model_id, month, stage, CAST(0 AS DECIMAL(38, 20)) AS planned, cost AS actual
    FROM books.posted
    WHERE model_id IS NOT NULL AND cost IS NOT NULL
),

to_date AS (
    SELECT
        plan.model_id,
        plan.as_of,
        plan.first_month,
        plan.last_month,
        plan.late_month,
        amount.stage,
        sum(amount.planned) AS planned,
        sum(amount.actual) AS actual,
        coalesce(sum(amount.planned) FILTER (amount.month >= plan.late_month), 0) AS planned_of_late,
        coalesce(sum(amount.actual) FILTER (amount.month >= plan.late_month), 0) AS actual_of_late
    FROM plan
    INNER JOIN amount
        ON plan.model_id = amount.model_id
        AND amount.month BETWEEN plan.first_month AND plan.last_month
    GROUP BY ALL
),

added AS (
    SELECT
        model_id,
        coalesce(stage, 'total') AS stage,
        max(as_of) AS as_of,
        min(first_month) AS first_month,
        max(last_month) AS last_month,
        max(date_diff('month', late_month, last_month) + 1) AS pace_months,
        CAST(sum(planned) AS DECIMAL(38, 20)) AS planned_to_date,
        CAST(sum(actual) AS DECIMAL(38, 20)) AS actual_to_date,
        CAST(sum(planned_of_late) AS DECIMAL(38, 20)) AS planned_of_late,
        CAST(sum(actual_of_late) AS DECIMAL(38, 20)) AS actual_of_late
    FROM to_date
    GROUP BY GROUPING SETS ((model_id, stage), (model_id), (stage), ())
    HAVING count(*) > 0
),

of_model AS (
    SELECT
        plan.model_id,
        coalesce(so_far.completeness, 'complete') AS completeness
    FROM plan
    ASOF LEFT JOIN wholeness_to_date AS so_far
        ON plan.model_id = so_far.model_id AND plan.last_month >= so_far.quarter_start
),

lacking AS (
    SELECT model_id, completeness FROM of_model
    UNION ALL
    SELECT
        NULL AS model_id,
        completeness_of_all(list({'name': model_id, 'completeness': completeness} ORDER BY model_id)) AS completeness
    FROM of_model
)

SELECT
    added.model_id,
    added.stage,
    added.as_of,
    plans_in_force.baseline,
    added.first_month,
    added.last_month,
    getvariable('reporting_currency') AS currency,
    added.planned_to_date,
    added.actual_to_date,
    CAST(added.actual_to_date - added.planned_to_date AS DECIMAL(38, 20)) AS variance,
    CAST(
        100 * ratio(CAST(added.actual_to_date - added.planned_to_date AS DECIMAL(38, 20)), added.planned_to_date)
        AS DECIMAL(38, 4)
    ) AS variance_pct,
    CAST(added.pace_months AS INTEGER) AS pace_months,
    added.planned_of_late,
    added.actual_of_late,
    CAST(ratio(added.actual_of_late, added.planned_of_late) AS DECIMAL(38, 6)) AS pace,
    is_too_low(lacking.completeness) AS is_lower_bound,
    lacking.completeness
FROM added
INNER JOIN lacking ON (added.model_id IS NOT DISTINCT FROM lacking.model_id)
LEFT JOIN outlook.plans_in_force ON added.model_id = plans_in_force.model_id
ORDER BY added.model_id IS NULL, added.model_id, added.stage = 'total', added.stage
