-- What building each round of a model cost, month by month: what was added, amortised and written off, and what is left. Until its
-- promotion a round is work in progress; from the month of its promotion it is spread over its useful life in equal parts; what
-- is left when the next round replaces it, or the model is abandoned, is written off. What comes in later is caught up in the
-- month it is posted to, so the months of a closed quarter stay as they were. A memo: true cost counts what is spent when it
-- is spent.
-- model_id: the model
-- round: 0 for the first build, n for the n-th retraining
-- month: first day of the calendar month
-- quarter: fiscal quarter
-- currency: currency of every amount in the row
-- added: what the month added to build_cost; of closed quarters' late costs, in the month they were posted to
-- build_cost: what the round cost up to the end of the month: all its activities but serving and deployment
-- capitalisable_cost: the part of build_cost whose rules or [[staff]] entries say `treatment = "capitalise"`
-- promoted_on: the day of its promotion; NULL where it has none
-- useful_life_months: months it is spread over
-- is_in_progress: whether the month is before that of its promotion
-- amortised: the month's part, and what later costs change in the parts of months before
-- written_off: what was left when the round was replaced or abandoned in this month; what was added to it since
-- net_book_value: what is left after this month: all build_cost less all that was amortised and written off so far
-- is_future: whether the month lies ahead of the day the books were published
-- completeness: of all that the model has cost by the end of the quarter: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
WITH frozen_quarter AS (
    SELECT quarter, quarter_end FROM books.closes WHERE list_contains(frozen_views, 'model_life')
),

frozen AS (
    SELECT
        model_id,
        round,
        to_units(CAST(sum(amortised) AS DECIMAL(38, 20))) AS amortised_units,
        to_units(CAST(sum(written_off) AS DECIMAL(38, 20))) AS written_off_units
    FROM books.frozen_life
    GROUP BY model_id, round
),

spent AS (
    SELECT
        model_id,
        round,
        month,
        sum(cost) AS added,
        coalesce(sum(cost) FILTER (treatment = 'capitalise'), 0) AS capitalisable
    FROM books.posted
    WHERE model_id IS NOT NULL AND activity NOT IN ('serving', 'deployment') AND cost IS NOT NULL
    GROUP BY model_id, round, month
),

promotion AS (
    SELECT model_id, round, min(decided_at) AS promoted_at
    FROM books.training_runs
    WHERE outcome = 'promoted'
    GROUP BY model_id, round
),

built AS (
    SELECT model_id, round, min(month) AS first_month, max(month) AS last_month
    FROM spent
    GROUP BY model_id, round
),

lived AS (
    SELECT
        built.*,
        coalesce(any_value(config_models.useful_life_months), 12) AS useful_life_months,
        CAST(any_value(promotion.promoted_at) AS DATE) AS promoted_on,
        CAST(date_trunc('month', any_value(promotion.promoted_at)) AS DATE) AS promoted_month,
        CAST(date_trunc('month', least(
            coalesce(min(following.promoted_at), TIMESTAMP '9999-12-01'),
            coalesce(CAST(any_value(config_models.abandoned_on) AS TIMESTAMP), TIMESTAMP '9999-12-01')
        )) AS DATE) AS ended_month,
        CAST(date_trunc('month', getvariable('as_of')) AS DATE) AS this_month,
        (SELECT max(quarter_end) FROM frozen_quarter) AS open_month
    FROM built
    LEFT JOIN config_models USING (model_id)
    LEFT JOIN promotion ON built.model_id = promotion.model_id AND built.round = promotion.round
    LEFT JOIN promotion AS following ON built.model_id = following.model_id AND built.round < following.round
    GROUP BY ALL
),

-- A round is told of until it is spread or ended, and while it is in progress; later only where something changes.
told AS (
    SELECT
        *,
        CASE
            WHEN promoted_month IS NOT NULL
                THEN least(CAST(promoted_month + to_months(useful_life_months - 1) AS DATE), ended_month)
            WHEN ended_month < DATE '9999-12-01' THEN ended_month
            ELSE this_month
        END AS told_until
    FROM lived
),

life_month AS (
    SELECT
        *,
        CAST(unnest(generate_series(
            first_month,
            greatest(told_until, last_month, CASE WHEN first_month < open_month THEN open_month ELSE first_month END),
            INTERVAL 1 MONTH
        )) AS DATE) AS month
    FROM told
),

summed AS (
    SELECT
        life_month.*,
        fiscal_quarter(life_month.month, getvariable('fiscal_year_start_month')) AS quarter,
        CAST(coalesce(spent.added, 0) AS DECIMAL(38, 20)) AS added,
        CAST(coalesce(sum(spent.added) OVER so_far, 0) AS DECIMAL(38, 20)) AS build_cost,
        CAST(coalesce(sum(spent.capitalisable) OVER so_far, 0) AS DECIMAL(38, 20)) AS capitalisable_cost,
        coalesce(
            least(greatest(date_diff('month', promoted_month, life_month.month) + 1, 0), useful_life_months), 0
        ) AS months_used
    FROM life_month
    LEFT JOIN spent USING (model_id, round, month)
    WINDOW so_far AS (PARTITION BY life_month.model_id, life_month.round ORDER BY life_month.month)
),

-- What should have been amortised and written off by the end of each month, by what is known of it now.
due AS (
    SELECT
        *,
        coalesce(last_value(
            CASE WHEN month < ended_month THEN to_units(build_cost) * months_used // useful_life_months END IGNORE NULLS
        ) OVER (PARTITION BY model_id, round ORDER BY month), 0) AS amortised_units,
        CASE WHEN month >= ended_month THEN to_units(build_cost) - amortised_units ELSE 0 END AS written_off_units
    FROM summed
),

-- The months of a closed quarter are as they were frozen; the first month after them catches up.
open_month AS (
    SELECT
        due.*,
        CASE
            WHEN month >= open_month AND coalesce(lag(month) OVER by_month < open_month, TRUE) THEN coalesce(frozen.amortised_units, 0)
            ELSE 0
        END + coalesce(lag(due.amortised_units) OVER by_month, 0) AS amortised_before,
        CASE
            WHEN month >= open_month AND coalesce(lag(month) OVER by_month < open_month, TRUE) THEN coalesce(frozen.written_off_units, 0)
            ELSE 0
        END + coalesce(lag(due.written_off_units) OVER by_month, 0) AS written_off_before
    FROM due
    ANTI JOIN frozen_quarter USING (quarter)
    LEFT JOIN frozen USING (model_id, round)
    WINDOW by_month AS (PARTITION BY due.model_id, due.round ORDER BY due.month)
)

SELECT
    open_month.model_id,
    open_month.round,
    open_month.month,
    open_month.quarter,
    getvariable('reporting_currency') AS currency,
    added,
    build_cost,
    capitalisable_cost,
    promoted_on,
    useful_life_months,
    coalesce(month < promoted_month, TRUE) AS is_in_progress,
    from_units(amortised_units - amortised_before) AS amortised,
    from_units(written_off_units - written_off_before) AS written_off,
    from_units(to_units(build_cost) - amortised_units - written_off_units) AS net_book_value,
    open_month.month > this_month AS is_future,
    coalesce(so_far.completeness, 'complete') AS completeness
FROM open_month
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON open_month.model_id = so_far.model_id AND open_month.month >= so_far.quarter_start
WHERE open_month.month <= told_until OR added <> 0 OR amortised <> 0 OR written_off <> 0 OR net_book_value <> 0
ORDER BY open_month.model_id, open_month.round, open_month.month
