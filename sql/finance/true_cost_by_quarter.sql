-- True cost beside training-only cost, a row per model and fiscal quarter; what no rule claims has model_id NULL.
-- model_id: the fine-tuned model; NULL for cost that no rule claims
-- quarter: fiscal quarter, named by the calendar year in which the fiscal year ends
-- quarter_start: first day of the quarter
-- quarter_end: first day after the quarter
-- currency: currency of every amount in the row
-- training_only_cost: compute of promoted runs and their ancestors: the number teams quote
-- true_cost: effective cost of all the model's charges
-- billed_cost: what invoices and bills of the quarter say, for the same charges
-- multiplier: true_cost / training_only_cost; NULL in a quarter without a promoted run, or where its cost is not known
-- multiplier_reason: why the multiplier is NULL
-- true_cost_to_date: true cost since the first charge
-- training_only_cost_to_date: training-only cost since the first charge
-- multiplier_to_date: true_cost_to_date / training_only_cost_to_date; NULL where the cost of a promoted run is not known
-- training_share: training_only_cost / true_cost, 0 to 1
-- idle_assigned: part of true_cost that is idle capacity assigned to the model
-- idle_platform: idle capacity that no model bears; only where model_id is NULL
-- multiplier_before_idle: the multiplier, had the model no idle assigned
-- unconverted_count: charges in another currency, which no rate converts and no total includes
-- completeness: "complete", or "incomplete: ..." where the true cost is a lower bound
-- adjustments: part of true_cost that is of earlier quarters, which were closed when it came or changed
-- status: preliminary until the quarter is closed
-- version: 1 until the quarter is reopened
-- billed_cost_to_date: billed cost since the first charge
-- training_share_to_date: training_only_cost_to_date / true_cost_to_date, 0 to 1 (F2)
-- failed_share: failed experiments' part of the compute of failed experiments and training since the first charge, 0 to 1, over all rounds (F12)
-- people_and_compute_share: compute, labor and annotation of true_cost_to_date, 0 to 1 (F17)
SELECT
    figures.model_id,
    figures.quarter,
    figures.quarter_start,
    figures.quarter_end,
    getvariable('reporting_currency') AS currency,
    figures.training_only_cost,
    figures.true_cost,
    figures.billed_cost,
    CASE WHEN figures.unknown_training_count = 0 THEN ratio(figures.true_cost, figures.training_only_cost) END AS multiplier,
    CASE
        WHEN figures.model_id IS NULL THEN 'no model claims this cost'
        WHEN figures.unknown_training_count > 0 AND figures.unpriced_count > 0 THEN 'the usage of its runs has no price'
        WHEN figures.unknown_training_count > 0 THEN 'the usage of its runs is not converted'
        WHEN figures.training_only_cost = 0 THEN 'no promoted run in this quarter'
    END AS multiplier_reason,
    figures.true_cost_to_date,
    figures.training_only_cost_to_date,
    CASE
        WHEN figures.unknown_training_count_to_date = 0 THEN ratio(figures.true_cost_to_date, figures.training_only_cost_to_date)
    END AS multiplier_to_date,
    ratio(figures.training_only_cost, figures.true_cost) AS training_share,
    CAST(CASE WHEN figures.model_id IS NOT NULL THEN figures.idle_cost ELSE 0 END AS DECIMAL(38, 20)) AS idle_assigned,
    CAST(CASE WHEN figures.model_id IS NULL THEN figures.idle_cost ELSE 0 END AS DECIMAL(38, 20)) AS idle_platform,
    CASE
        WHEN figures.unknown_training_count = 0 THEN ratio(figures.true_cost - figures.idle_cost, figures.training_only_cost)
    END AS multiplier_before_idle,
    figures.unconverted_count,
    CAST(figures.adjustments AS DECIMAL(38, 20)) AS adjustments,
    wholeness.completeness,
    figures.status,
    CAST(figures.version AS INTEGER) AS version,
    figures.billed_cost_to_date,
    ratio(figures.training_only_cost_to_date, figures.true_cost_to_date) AS training_share_to_date,
    ratio(figures.failed_compute_to_date, figures.failed_compute_to_date + figures.training_compute_to_date) AS failed_share,
    ratio(figures.people_and_compute_to_date, figures.true_cost_to_date) AS people_and_compute_share
FROM books.model_figures AS figures
LEFT JOIN wholeness
    ON figures.quarter = wholeness.quarter AND figures.model_id IS NOT DISTINCT FROM wholeness.model_id
ORDER BY figures.model_id NULLS LAST, figures.quarter_start
