-- How each of [[budgets]] stands in its running period: what is spent, how fast, and how likely it is exceeded.
-- A burn rate is what a day costs, over a window, by what a day of the budget may: 1 spends it by the end of the period. Windows end with
-- the last day that has cost, so that late bills slow none down, and are not told before three days of the period have.
-- name: the budget
-- model_id: the model it is for; NULL for all, and what no rule claims
-- stage: the stage it is for; NULL for all
-- per: quarter or year
-- period_start: first day of the running period
-- period_end: first day after it
-- as_of: the day
-- currency: currency of every amount in the row
-- amount: the budget of a period
-- spent: true cost of the period's months up to the running one; what has no price or no rate is not in it
-- spent_pct: 100 x spent / amount; NULL for a budget of nothing
-- heard_until: the last day that has cost
-- burn_28: burn rate of the last 28 days, or as many as there are; NULL before three days of the period have cost
-- burn_7: burn rate of the last 7 days
-- burn_1: burn rate of the last day
-- expected: spent and, for the days after heard_until, the lower of the daily costs of 28 and of 7 days; NULL where these are
-- probability_over_budget: share of the forecast's draws that exceed the amount in the period; NULL where a model with cost has no plan
-- state: ALERT: exceeded, likely to be by nine in ten draws, or burning twice as fast as it may over 7 days and over 1; WARNING: faster than it may over 28 days and over 7, or more likely exceeded than not; else OK
-- reason: which of these
-- drivers: the stages that cost most in the period, with their cost
-- is_lower_bound: whether what is spent is one
-- completeness: of what is spent: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
WITH today AS (
    SELECT
        CAST(getvariable('as_of') AS DATE) AS as_of,
        getvariable('fiscal_year_start_month') AS start_month
),

begun AS (
    SELECT
        config_budgets.*,
        as_of,
        CASE per
            WHEN 'quarter' THEN CAST(fiscal_quarter_start(as_of, start_month) AS DATE)
            ELSE make_date(CAST(year(as_of) - CASE WHEN month(as_of) < start_month THEN 1 ELSE 0 END AS BIGINT), start_month, 1)
        END AS period_start
    FROM config_budgets
    CROSS JOIN today
),

budget AS (
    SELECT
        *,
        CAST(period_start + CASE per WHEN 'quarter' THEN INTERVAL 3 MONTH ELSE INTERVAL 12 MONTH END AS DATE) AS period_end
    FROM begun
),

-- Each cost over the days of its charge that lie in its month.
posted AS (
    SELECT
        posted.model_id,
        posted.stage,
        posted.month,
        greatest(CAST(charges.charge_period_start AS DATE), posted.month) AS read_first_day,
        least(
            CAST(charges.charge_period_end - INTERVAL 1 MICROSECOND AS DATE), CAST(posted.month + INTERVAL 1 MONTH AS DATE) - 1
        ) AS read_last_day,
        coalesce(read_first_day <= read_last_day, FALSE) AS is_read,
        CASE WHEN is_read THEN read_first_day ELSE posted.month END AS first_day,
        CASE WHEN is_read THEN read_last_day ELSE CAST(posted.month + INTERVAL 1 MONTH AS DATE) - 1 END AS last_day,
        sum(posted.cost) AS cost
    FROM books.posted
    LEFT JOIN books.charges USING (x_delivery_id, x_line, x_part)
    WHERE posted.cost IS NOT NULL AND posted.month <= getvariable('as_of')
    GROUP BY ALL
),

owned AS (
    SELECT
        budget.name,
        budget.period_start,
        budget.as_of,
        posted.stage,
        posted.month,
        posted.first_day,
        posted.last_day,
        posted.cost
    FROM budget
    INNER JOIN posted
        ON coalesce(budget.model_id = posted.model_id, budget.model_id IS NULL)
        AND coalesce(budget.stage = posted.stage, budget.stage IS NULL)
        AND posted.last_day >= least(budget.period_start, budget.as_of - 62)
),

by_stage AS (
    SELECT name, stage, sum(cost) AS cost
    FROM owned
    WHERE month >= period_start
    GROUP BY name, stage
),

spent AS (
    SELECT
        name,
        sum(cost) AS spent,
        list({'stage': stage, 'cost': cost} ORDER BY cost DESC, stage) FILTER (cost > 0) AS drivers
    FROM by_stage
    GROUP BY name
),

by_day AS (
    SELECT
        name,
        as_of,
        unnest(generate_series(CAST(first_day AS TIMESTAMP), CAST(last_day AS TIMESTAMP), INTERVAL 1 DAY)) AS day,
        CAST(cost AS DOUBLE) / (date_diff('day', first_day, last_day) + 1) AS cost
    FROM owned
),

heard AS (
    SELECT name, CAST(min(day) AS DATE) AS first_day, CAST(max(day) AS DATE) AS last_day
    FROM by_day
    WHERE day <= as_of AND cost <> 0
    GROUP BY name
),

rate AS (
    SELECT
        heard.name,
        heard.last_day,
        date_diff('day', heard.first_day, heard.last_day) + 1 AS days,
        sum(by_day.cost) FILTER (by_day.day > heard.last_day - INTERVAL 28 DAY) / least(28, days) AS cost_28,
        sum(by_day.cost) FILTER (by_day.day > heard.last_day - INTERVAL 7 DAY) / least(7, days) AS cost_7,
        sum(by_day.cost) FILTER (by_day.day > heard.last_day - INTERVAL 1 DAY) AS cost_1
    FROM heard
    INNER JOIN by_day
        ON heard.name = by_day.name AND by_day.day <= heard.last_day
    GROUP BY heard.name, heard.first_day, heard.last_day
),

lacking AS (
    SELECT
        budget.name,
        completeness_of_all(
            list(
                {
                    'name': coalesce(wholeness.model_id, 'unallocated') || ' ' || wholeness.quarter,
                    'completeness': wholeness.completeness
                }
                ORDER BY wholeness.model_id, wholeness.quarter
            )
        ) AS completeness
    FROM budget
    INNER JOIN wholeness
        ON coalesce(budget.model_id = wholeness.model_id, budget.model_id IS NULL)
        AND wholeness.quarter_start >= budget.period_start
        AND wholeness.quarter_start <= budget.as_of
    GROUP BY budget.name
),

burning AS (
    SELECT
        budget.*,
        CAST(coalesce(spent.spent, 0) AS DECIMAL(38, 20)) AS spent,
        coalesce(spent.drivers, []) AS drivers,
        rate.last_day AS heard_until,
        CAST(budget.amount AS DOUBLE) / date_diff('day', budget.period_start, budget.period_end) AS a_day,
        coalesce(least(rate.days, date_diff('day', budget.period_start, rate.last_day) + 1) >= 3, FALSE) AS is_told,
        CASE WHEN is_told THEN rate.cost_28 / a_day END AS burn_28,
        CASE WHEN is_told THEN rate.cost_7 / a_day END AS burn_7,
        CASE WHEN is_told THEN rate.cost_1 / a_day END AS burn_1,
        date_diff('day', greatest(rate.last_day + 1, budget.period_start), budget.period_end) AS days_left,
        CAST(budget_chances.chance AS DOUBLE) AS probability_over_budget,
        coalesce(lacking.completeness, 'complete') AS completeness
    FROM budget
    LEFT JOIN spent USING (name)
    LEFT JOIN rate USING (name)
    LEFT JOIN lacking USING (name)
    LEFT JOIN outlook.budget_chances
        ON budget.name = budget_chances.name AND budget.period_start = budget_chances.period_start
),

judged AS (
    SELECT
        *,
        CAST(spent AS DOUBLE) + least(burn_28, burn_7) * a_day * days_left AS expected,
        CASE
            WHEN spent > amount THEN 'exceeded'
            WHEN probability_over_budget >= 0.9 THEN 'very likely exceeded'
            WHEN burn_7 > 2 AND burn_1 > 2 AND expected > amount THEN 'burning twice as fast as it may, over 7 days and over 1'
            WHEN burn_28 > 1 AND burn_7 > 1 AND expected > amount THEN 'burning faster than it may, over 28 days and over 7'
            WHEN probability_over_budget > 0.5 THEN 'more likely exceeded than not'
        END AS reason
    FROM burning
)

SELECT
    name,
    model_id,
    stage,
    per,
    period_start,
    period_end,
    as_of,
    getvariable('reporting_currency') AS currency,
    amount,
    spent,
    CAST(100 * ratio(spent, amount) AS DECIMAL(38, 4)) AS spent_pct,
    heard_until,
    round(burn_28, 4) AS burn_28,
    round(burn_7, 4) AS burn_7,
    round(burn_1, 4) AS burn_1,
    CAST(CAST(expected AS DECIMAL(36, 2)) AS DECIMAL(38, 20)) AS expected,
    probability_over_budget,
    CASE
        WHEN reason IS NULL THEN 'OK'
        WHEN reason IN ('burning faster than it may, over 28 days and over 7', 'more likely exceeded than not') THEN 'WARNING'
        ELSE 'ALERT'
    END AS state,
    reason,
    drivers,
    is_too_low(completeness) AS is_lower_bound,
    completeness
FROM judged
ORDER BY name
