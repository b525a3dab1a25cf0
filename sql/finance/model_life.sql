-- What building each round of a model cost, spread over its useful life: by month from its promotion, in equal parts that add up to
-- it exactly; what is left when the next round replaces it, or the model is abandoned, is written off. A memo: true cost
-- counts what is spent when it is spent.
-- model_id: the model
-- round: 0 for the first build, n for the n-th retraining
-- month: first day of the calendar month
-- quarter: fiscal quarter
-- currency: currency of every amount in the row
-- build_cost: what the round cost up to its promotion and since: all its activities but serving and deployment
-- capitalisable_cost: the part of build_cost whose rules say `treatment = "capitalise"`
-- promoted_on: the day of its promotion
-- useful_life_months: months it is spread over
-- amortised: the month's part
-- written_off: what was left when the round was replaced or abandoned in this month
-- net_book_value: what is left after this month
WITH built AS (
    SELECT
        posted.model_id,
        posted.round,
        CAST(sum(posted.cost) AS DECIMAL(38, 20)) AS build_cost,
        CAST(coalesce(sum(posted.cost) FILTER (config_rules.treatment = 'capitalise'), 0) AS DECIMAL(38, 20)) AS capitalisable_cost
    FROM books.posted
    LEFT JOIN config_rules USING (rule_no)
    WHERE posted.model_id IS NOT NULL AND posted.activity NOT IN ('serving', 'deployment') AND posted.cost IS NOT NULL
    GROUP BY posted.model_id, posted.round
),

promotion AS (
    SELECT model_id, round, min(decided_at) AS promoted_at
    FROM books.training_runs
    WHERE outcome = 'promoted'
    GROUP BY model_id, round
),

lived AS (
    SELECT
        built.*,
        config_models.useful_life_months,
        CAST(promotion.promoted_at AS DATE) AS promoted_on,
        CAST(date_trunc('month', promotion.promoted_at) AS DATE) AS first_month,
        CAST(date_trunc('month', least(
            coalesce(lead(promotion.promoted_at) OVER following, TIMESTAMP '9999-12-01'),
            coalesce(CAST(config_models.abandoned_on AS TIMESTAMP), TIMESTAMP '9999-12-01')
        )) AS DATE) AS ended_month
    FROM built
    INNER JOIN promotion USING (model_id, round)
    INNER JOIN config_models USING (model_id)
    WINDOW following AS (PARTITION BY built.model_id ORDER BY built.round)
),

life_month AS (
    SELECT *, unnest(generate_series(0, useful_life_months - 1)) AS months_before
    FROM lived
),

spread AS (
    SELECT
        *,
        CAST(first_month + to_months(CAST(months_before AS INTEGER)) AS DATE) AS month,
        to_units(build_cost) * (months_before + 1) // useful_life_months AS units_after,
        to_units(build_cost) * months_before // useful_life_months AS units_before
    FROM life_month
)

SELECT
    model_id,
    round,
    month,
    fiscal_quarter(month, getvariable('fiscal_year_start_month')) AS quarter,
    getvariable('reporting_currency') AS currency,
    build_cost,
    capitalisable_cost,
    promoted_on,
    useful_life_months,
    CASE WHEN month < ended_month THEN from_units(units_after - units_before) ELSE CAST(0 AS DECIMAL(38, 20)) END AS amortised,
    CASE WHEN month = ended_month THEN from_units(to_units(build_cost) - units_before) ELSE CAST(0 AS DECIMAL(38, 20)) END AS written_off,
    CASE WHEN month < ended_month THEN from_units(to_units(build_cost) - units_after) ELSE CAST(0 AS DECIMAL(38, 20)) END
        AS net_book_value
FROM spread
WHERE month <= ended_month
ORDER BY model_id, round, month
