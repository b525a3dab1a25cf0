-- All models and what no rule claims together, a row a fiscal quarter.
-- quarter: fiscal quarter
-- quarter_start: first day of the quarter
-- quarter_end: first day after the quarter
-- currency: currency of every amount in the row
-- as_of: the day it is told on
-- training_only_cost: training-only cost of all models
-- true_cost: true cost of all models, and what no rule claims
-- billed_cost: what invoices and bills of the quarter say
-- multiplier: true_cost / training_only_cost; NULL in a quarter without a promoted run, where the cost of one is not known, and where training-only cost is no part of true cost
-- multiplier_reason: why the multiplier is NULL
-- training_only_cost_to_date: training-only cost since the first charge
-- true_cost_to_date: true cost since the first charge
-- billed_cost_to_date: billed cost since the first charge
-- multiplier_to_date: true_cost_to_date / training_only_cost_to_date; NULL where the cost of a promoted run is not known, or the one is no part of the other
-- multiplier_to_date_reason: why the multiplier to date is NULL
-- unallocated_cost: part of true_cost that no rule claims
-- unallocated_billed_cost: part of billed_cost that no rule claims
-- unallocated_share: unallocated_cost / true_cost, 0 to 1; NULL where it is no such part, as after a credit
-- allocated_share: the rest of it, which models bear
-- unallocated_cost_to_date: part of true_cost_to_date that no rule claims
-- unallocated_billed_cost_to_date: part of billed_cost_to_date that no rule claims
-- is_lower_bound: whether the true cost of a model, or what no rule claims, is a lower bound
-- completeness: "complete"; or "incomplete: ..." where it is a lower bound, "unsettled: ..." where it is not, with what each model lacks
-- status: preliminary until the quarter is closed
-- version: 1 until the quarter is reopened
WITH summed AS (
    SELECT
        quarter,
        quarter_start,
        quarter_end,
        max(status) AS status,
        max(version) AS version,
        CAST(sum(training_only_cost) AS DECIMAL(38, 20)) AS training_only_cost,
        CAST(sum(true_cost) AS DECIMAL(38, 20)) AS true_cost,
        CAST(sum(billed_cost) AS DECIMAL(38, 20)) AS billed_cost,
        CAST(sum(training_only_cost_to_date) AS DECIMAL(38, 20)) AS training_only_cost_to_date,
        CAST(sum(true_cost_to_date) AS DECIMAL(38, 20)) AS true_cost_to_date,
        CAST(sum(billed_cost_to_date) AS DECIMAL(38, 20)) AS billed_cost_to_date,
        CAST(coalesce(sum(true_cost) FILTER (model_id IS NULL), 0) AS DECIMAL(38, 20)) AS unallocated_cost,
        CAST(coalesce(sum(billed_cost) FILTER (model_id IS NULL), 0) AS DECIMAL(38, 20)) AS unallocated_billed_cost,
        CAST(coalesce(sum(true_cost_to_date) FILTER (model_id IS NULL), 0) AS DECIMAL(38, 20)) AS unallocated_cost_to_date,
        CAST(coalesce(sum(billed_cost_to_date) FILTER (model_id IS NULL), 0) AS DECIMAL(38, 20)) AS unallocated_billed_cost_to_date,
        sum(unknown_training_count) AS unknown_count,
        sum(unknown_training_count_to_date) AS unknown_count_to_date,
        sum(training_count) AS training_count,
        sum(training_count_to_date) AS training_count_to_date,
        coalesce(sum(promoted_count), 0) AS promoted_count,
        coalesce(sum(promoted_count_to_date), 0) AS promoted_count_to_date
    FROM books.model_figures
    GROUP BY quarter, quarter_start, quarter_end
),

promoted AS (
    SELECT
        runs.model_id,
        min(coalesce(runs.started_at, run_use.first_job_at, runs.decided_at, TIMESTAMP '-infinity')) AS begun_at
    FROM books.training_runs AS runs
    LEFT JOIN books.run_use USING (run_id)
    WHERE runs.outcome = 'promoted'
    GROUP BY runs.model_id
),

-- A promoted run was begun, and nothing that it cost has come yet: what it comes to is not known.
costless AS (
    SELECT summed.quarter, count(*) AS model_count
    FROM summed
    INNER JOIN promoted ON summed.quarter_end > promoted.begun_at
    LEFT JOIN books.model_figures AS figures ON promoted.model_id = figures.model_id AND summed.quarter = figures.quarter
    WHERE coalesce(figures.training_count_to_date, 0) = 0
    GROUP BY summed.quarter
),

lacking AS (
    SELECT
        quarter,
        string_agg(
            coalesce(model_id, 'unallocated') || ' (' || what_is_lacking(completeness) || ')', '; ' ORDER BY model_id NULLS LAST
        ) AS what,
        bool_or(is_too_low(completeness)) AS is_lower_bound
    FROM wholeness
    WHERE completeness <> 'complete'
    GROUP BY quarter
),

known AS (
    SELECT
        summed.*,
        summed.unknown_count = 0 AS is_known,
        summed.unknown_count_to_date = 0 AND costless.model_count IS NULL AS is_known_to_date
    FROM summed
    LEFT JOIN costless USING (quarter)
)

SELECT
    quarter,
    quarter_start,
    quarter_end,
    getvariable('reporting_currency') AS currency,
    CAST(getvariable('as_of') AS DATE) AS as_of,
    training_only_cost,
    true_cost,
    billed_cost,
    CASE WHEN is_known THEN multiplier_of(true_cost, training_only_cost) END AS multiplier,
    CASE
        WHEN NOT is_known THEN 'the cost of a promoted run is not known'
        ELSE why_no_multiplier(0, 0, training_count, promoted_count, training_only_cost, true_cost, 'in this quarter')
    END AS multiplier_reason,
    training_only_cost_to_date,
    true_cost_to_date,
    billed_cost_to_date,
    CASE WHEN is_known_to_date THEN multiplier_of(true_cost_to_date, training_only_cost_to_date) END AS multiplier_to_date,
    CASE
        WHEN NOT is_known_to_date THEN 'the cost of a promoted run is not known'
        ELSE why_no_multiplier(
            0, 0, training_count_to_date, promoted_count_to_date, training_only_cost_to_date, true_cost_to_date, 'so far'
        )
    END AS multiplier_to_date_reason,
    unallocated_cost,
    unallocated_billed_cost,
    share_of(unallocated_cost, true_cost) AS unallocated_share,
    1 - share_of(unallocated_cost, true_cost) AS allocated_share,
    unallocated_cost_to_date,
    unallocated_billed_cost_to_date,
    coalesce(lacking.is_lower_bound, FALSE) AS is_lower_bound,
    coalesce(CASE WHEN lacking.is_lower_bound THEN 'incomplete: ' ELSE 'unsettled: ' END || lacking.what, 'complete') AS completeness,
    status,
    CAST(version AS INTEGER) AS version
FROM known
LEFT JOIN lacking USING (quarter)
ORDER BY quarter_start
