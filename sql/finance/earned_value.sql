-- Earned value of the plans that name milestones, by month that has ended, cumulative: the last month of a model is its standing to
-- date. What is planned and earned is the value of milestones, never of elapsed time; the cost is that of the stages they stand for, from the
-- plan's first month on. A model has rows up to the last month that has ended, and where every milestone is reached, up to that month
-- or the plan's last; over all models with milestones model_id is NULL. A plan without milestones has no rows.
-- model_id: the fine-tuned model; NULL in the rows over all models with milestones
-- month: first day of the month at whose end it stands so
-- as_of: the day
-- baseline: number of the baseline whose milestones they are, in `baselines`; NULL where the plan was never frozen, and over all models
-- is_latest: whether it is the last month of its model: its standing to date
-- currency: currency of every amount in the row
-- budget_at_completion: BAC: value of all milestones
-- planned_value_of_month: value of the milestones that were to be reached in the month
-- earned_value_of_month: value of those that were reached in it
-- actual_cost_of_month: true cost of the month, of the stages the milestones stand for
-- planned_value: PV: value of the milestones that were to be reached by the end of the month
-- earned_value: EV: value of those that were
-- actual_cost: AC: true cost up to the end of the month; what has no price or no rate is not in it
-- cost_variance: CV: earned_value - actual_cost; below zero it costs more than it is worth
-- schedule_variance: SV: earned_value - planned_value; below zero it is late
-- cost_performance_index: CPI: earned_value / actual_cost; NULL without a cost
-- schedule_performance_index: SPI: earned_value / planned_value; NULL where nothing was planned by then
-- estimate_at_completion: EAC: budget_at_completion / CPI: what it will cost at this pace, in cents; NULL without a CPI, and where nothing is earned
-- to_complete_performance_index: TCPI: (budget_at_completion - earned_value) / (budget_at_completion - actual_cost): the pace that would still meet the budget; NULL where the budget is spent
-- complete_pct: 100 x earned_value / budget_at_completion
-- is_reliable: whether CPI, SPI, EAC and TCPI can be relied on: from 20 to 80 % complete
-- reason: why an index is NULL
-- milestones: how many there are
-- milestones_reached: how many are reached by the end of the month
-- is_lower_bound: whether actual_cost is one: then CV and CPI are at most, EAC at least what they say
-- completeness: of actual_cost: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
WITH plan AS (
    SELECT
        model_id,
        min(month) AS first_month,
        max(month) AS last_month,
        CAST(date_trunc('month', getvariable('as_of')) - INTERVAL 1 MONTH AS DATE) AS ended_month
    FROM books.baseline
    WHERE month IS NOT NULL
    GROUP BY model_id
),

spell AS (
    SELECT
        reached.model_id,
        plan.first_month,
        CASE
            WHEN count(reached.reached_on) < count(*) THEN plan.ended_month
            ELSE least(
                plan.ended_month,
                greatest(plan.last_month, CAST(date_trunc('month', max(reached.reached_on)) AS DATE))
            )
        END AS last_month,
        count(*) AS milestones,
        sum(reached.value) AS budget,
        bool_or(reached.stage IS NULL) AS is_whole,
        list(DISTINCT reached.stage) FILTER (reached.stage IS NOT NULL) AS stages
    FROM reached
    INNER JOIN plan USING (model_id)
    GROUP BY reached.model_id, plan.first_month, plan.last_month, plan.ended_month
    HAVING plan.first_month <= plan.ended_month
),

moved AS (
    SELECT
        reached.model_id,
        greatest(CAST(date_trunc('month', reached.planned_on) AS DATE), spell.first_month) AS month,
        reached.value AS planned,
        CAST(0 AS DECIMAL(38, 20)) AS earned,
        CAST(0 AS DECIMAL(38, 20)) AS cost,
        0 AS times_reached
    FROM reached
    INNER JOIN spell USING (model_id)
    UNION ALL
    SELECT
        reached.model_id,
        greatest(CAST(date_trunc('month', reached.reached_on) AS DATE), spell.first_month) AS month,
        CAST(0 AS DECIMAL(38, 20)) AS planned,
        reached.value AS earned,
        CAST(0 AS DECIMAL(38, 20)) AS cost,
        1 AS times_reached
    FROM reached
    INNER JOIN spell USING (model_id)
    WHERE reached.reached_on IS NOT NULL
    UNION ALL
    SELECT
        posted.model_id,
        posted.month,
        CAST(0 AS DECIMAL(38, 20)) AS planned,
        CAST(0 AS DECIMAL(38, 20)) AS earned,
        posted.cost,
        0 AS times_reached
    FROM books.posted
    INNER JOIN spell USING (model_id)
    WHERE posted.cost IS NOT NULL
        AND posted.month BETWEEN spell.first_month AND spell.last_month
        AND (spell.is_whole OR list_contains(spell.stages, posted.stage))
),

in_month AS (
    SELECT
        moved.model_id,
        moved.month,
        sum(moved.planned) AS planned,
        sum(moved.earned) AS earned,
        sum(moved.cost) AS cost,
        sum(moved.times_reached) AS times_reached
    FROM moved
    INNER JOIN spell ON moved.model_id = spell.model_id AND moved.month <= spell.last_month
    GROUP BY GROUPING SETS ((moved.model_id, moved.month), (moved.month))
),

span AS (
    SELECT model_id, first_month, last_month, milestones, budget FROM spell
    UNION ALL
    SELECT NULL, min(first_month), max(last_month), sum(milestones), sum(budget)
    FROM spell
    HAVING count(*) > 0
),

calendar AS (
    SELECT
        *,
        CAST(unnest(generate_series(
            CAST(first_month AS TIMESTAMP), CAST(last_month AS TIMESTAMP), INTERVAL 1 MONTH
        )) AS DATE) AS month
    FROM span
),

added AS (
    SELECT
        calendar.model_id,
        calendar.month,
        calendar.month = calendar.last_month AS is_latest,
        calendar.milestones,
        CAST(calendar.budget AS DECIMAL(38, 20)) AS budget,
        CAST(coalesce(in_month.planned, 0) AS DECIMAL(38, 20)) AS planned_of_month,
        CAST(coalesce(in_month.earned, 0) AS DECIMAL(38, 20)) AS earned_of_month,
        CAST(coalesce(in_month.cost, 0) AS DECIMAL(38, 20)) AS cost_of_month,
        CAST(sum(planned_of_month) OVER so_far AS DECIMAL(38, 20)) AS planned,
        CAST(sum(earned_of_month) OVER so_far AS DECIMAL(38, 20)) AS earned,
        CAST(sum(cost_of_month) OVER so_far AS DECIMAL(38, 20)) AS cost,
        coalesce(sum(in_month.times_reached) OVER so_far, 0) AS times_reached
    FROM calendar
    LEFT JOIN in_month
        ON (calendar.model_id IS NOT DISTINCT FROM in_month.model_id) AND calendar.month = in_month.month
    WINDOW so_far AS (PARTITION BY calendar.model_id ORDER BY calendar.month)
),

-- What of a model is missing stays missing after its last month.
of_model AS (
    SELECT known.model_id, known.month, coalesce(so_far.completeness, 'complete') AS completeness
    FROM (
        SELECT spell.model_id, calendar.month
        FROM calendar
        INNER JOIN spell ON calendar.month >= spell.first_month
        WHERE calendar.model_id IS NULL
    ) AS known
    ASOF LEFT JOIN wholeness_to_date AS so_far
        ON known.model_id = so_far.model_id AND known.month >= so_far.quarter_start
),

lacking AS (
    SELECT model_id, month, completeness FROM of_model
    UNION ALL
    SELECT
        NULL AS model_id,
        month,
        completeness_of_all(list({'name': model_id, 'completeness': completeness} ORDER BY model_id)) AS completeness
    FROM of_model
    GROUP BY month
),

weighed AS (
    SELECT
        added.*,
        lacking.completeness,
        ratio(earned, cost) AS cpi,
        ratio(earned, budget) AS complete
    FROM added
    INNER JOIN lacking
        ON (added.model_id IS NOT DISTINCT FROM lacking.model_id) AND added.month = lacking.month
)

SELECT
    weighed.model_id,
    month,
    CAST(getvariable('as_of') AS DATE) AS as_of,
    plans_in_force.baseline,
    is_latest,
    getvariable('reporting_currency') AS currency,
    budget AS budget_at_completion,
    planned_of_month AS planned_value_of_month,
    earned_of_month AS earned_value_of_month,
    cost_of_month AS actual_cost_of_month,
    planned AS planned_value,
    earned AS earned_value,
    cost AS actual_cost,
    CAST(earned - cost AS DECIMAL(38, 20)) AS cost_variance,
    CAST(earned - planned AS DECIMAL(38, 20)) AS schedule_variance,
    CAST(cpi AS DECIMAL(38, 6)) AS cost_performance_index,
    CAST(ratio(earned, planned) AS DECIMAL(38, 6)) AS schedule_performance_index,
    CASE
        WHEN cost > 0 AND earned > 0
            THEN CAST(CAST(CAST(budget AS DOUBLE) * CAST(cost AS DOUBLE) / CAST(earned AS DOUBLE) AS DECIMAL(36, 2)) AS DECIMAL(38, 20))
    END AS estimate_at_completion,
    CAST(
        ratio(CAST(budget - earned AS DECIMAL(38, 20)), CAST(budget - cost AS DECIMAL(38, 20))) AS DECIMAL(38, 6)
    ) AS to_complete_performance_index,
    CAST(100 * complete AS DECIMAL(38, 4)) AS complete_pct,
    coalesce(complete BETWEEN 0.2 AND 0.8, FALSE) AS is_reliable,
    nullif(concat_ws(
        '; ',
        CASE WHEN cost <= 0 THEN 'no cost so far: no CPI and no EAC' END,
        CASE WHEN earned = 0 AND cost > 0 THEN 'nothing is earned so far: no EAC' END,
        CASE WHEN planned = 0 THEN 'nothing was planned by then: no SPI' END,
        CASE WHEN cost >= budget THEN 'the budget is spent: no TCPI' END
    ), '') AS reason,
    CAST(milestones AS INTEGER) AS milestones,
    CAST(times_reached AS INTEGER) AS milestones_reached,
    is_too_low(completeness) AS is_lower_bound,
    completeness
FROM weighed
LEFT JOIN outlook.plans_in_force ON weighed.model_id = plans_in_force.model_id
ORDER BY weighed.model_id IS NULL, weighed.model_id, month
