-- True cost beside training-only cost, a row per model and fiscal quarter; what no rule claims has model_id NULL.
-- model_id: the fine-tuned model; NULL for cost that no rule claims
-- quarter: fiscal quarter, named by the calendar year in which the fiscal year ends
-- quarter_start: first day of the quarter
-- quarter_end: first day after the quarter
-- currency: currency of every amount in the row
-- training_only_cost: compute of promoted runs and their ancestors: the number teams quote
-- true_cost: effective cost of all the model's charges
-- billed_cost: what invoices and bills of the quarter say, for the same charges
-- multiplier: true_cost / training_only_cost; NULL in a quarter without a promoted run, where its cost is not known, and where training-only cost is no part of true cost: zero, less than nothing, or more than it
-- multiplier_reason: why the multiplier is NULL
-- true_cost_to_date: true cost since the first charge
-- training_only_cost_to_date: training-only cost since the first charge
-- multiplier_to_date: true_cost_to_date / training_only_cost_to_date; NULL where the cost of a promoted run is not known, or the one is no part of the other
-- multiplier_to_date_reason: why the multiplier to date is NULL
-- training_share: training_only_cost / true_cost, 0 to 1; NULL where it is no such part, or the cost of a promoted run is not known
-- idle_assigned: part of true_cost that is idle capacity assigned to the model
-- idle_platform: idle capacity that no model bears; only where model_id is NULL
-- multiplier_before_idle: the multiplier, had the model no idle assigned
-- unconverted_count: charges in another currency, which no rate converts and no total includes
-- completeness: "complete"; "incomplete: ..." where the true cost is a lower bound; "unsettled: ..." where what may still change it does not make it too low: usage whose bill has not come, a credit that could not be read
-- adjustments: part of true_cost that is of earlier quarters, which were closed when it came or changed
-- status: preliminary until the quarter is closed
-- version: 1 until the quarter is reopened
-- billed_cost_to_date: billed cost since the first charge
-- training_share_to_date: training_only_cost_to_date / true_cost_to_date, 0 to 1
-- failed_share: failed experiments' part of the compute of failed experiments and training since the first charge, 0 to 1, over all rounds (F12); NULL where the cost of one is not known
-- people_and_compute_share: compute, labor and annotation of true_cost_to_date, 0 to 1 (F17)
-- horizon_months: months from the first promotion on that the yardsticks are taken at: `yardstick_months` of [workspace]
-- horizon_end: the first day after them; NULL before the first promotion
-- is_horizon_reached: whether the quarter ends then or later; before, the figures at the horizon are those so far
-- true_cost_at_horizon: true cost since the first charge, of the months before horizon_end
-- training_only_cost_at_horizon: training-only cost of the same months
-- multiplier_at_horizon: true_cost_at_horizon / training_only_cost_at_horizon (F1, F3); NULL as multiplier_to_date
-- multiplier_at_horizon_reason: why it is NULL
-- training_share_at_horizon: training_only_cost_at_horizon / true_cost_at_horizon, 0 to 1 (F2)
-- is_lower_bound: whether the true cost of the quarter is at least what is told
-- completeness_to_date: the same as completeness, of true_cost_to_date, quarter by quarter
SELECT
    figures.model_id,
    figures.quarter,
    figures.quarter_start,
    figures.quarter_end,
    getvariable('reporting_currency') AS currency,
    figures.training_only_cost,
    figures.true_cost,
    figures.billed_cost,
    CASE
        WHEN figures.unknown_training_count = 0 THEN multiplier_of(figures.true_cost, figures.training_only_cost)
    END AS multiplier,
    CASE
        WHEN figures.model_id IS NULL THEN 'no model claims this cost'
        ELSE why_no_multiplier(
            figures.unpriced_training_count,
            figures.unknown_training_count,
            figures.training_count,
            figures.promoted_count,
            figures.training_only_cost,
            figures.true_cost,
            'in this quarter'
        )
    END AS multiplier_reason,
    figures.true_cost_to_date,
    figures.training_only_cost_to_date,
    CASE
        WHEN figures.unknown_training_count_to_date = 0
            THEN multiplier_of(figures.true_cost_to_date, figures.training_only_cost_to_date)
    END AS multiplier_to_date,
    CASE
        WHEN figures.model_id IS NULL THEN 'no model claims this cost'
        ELSE why_no_multiplier(
            figures.unpriced_training_count_to_date,
            figures.unknown_training_count_to_date,
            figures.training_count_to_date,
            figures.promoted_count_to_date,
            figures.training_only_cost_to_date,
            figures.true_cost_to_date,
            'so far'
        )
    END AS multiplier_to_date_reason,
    CASE
        WHEN figures.unknown_training_count = 0 THEN share_of(figures.training_only_cost, figures.true_cost)
    END AS training_share,
    CAST(CASE WHEN figures.model_id IS NOT NULL THEN figures.idle_cost ELSE 0 END AS DECIMAL(38, 20)) AS idle_assigned,
    CAST(CASE WHEN figures.model_id IS NULL THEN figures.idle_cost ELSE 0 END AS DECIMAL(38, 20)) AS idle_platform,
    CASE
        WHEN figures.unknown_training_count = 0
            THEN multiplier_of(figures.true_cost - figures.idle_cost, figures.training_only_cost)
    END AS multiplier_before_idle,
    figures.unconverted_count,
    CAST(figures.adjustments AS DECIMAL(38, 20)) AS adjustments,
    wholeness.completeness,
    figures.status,
    CAST(figures.version AS INTEGER) AS version,
    figures.billed_cost_to_date,
    CASE
        WHEN figures.unknown_training_count_to_date = 0
            THEN share_of(figures.training_only_cost_to_date, figures.true_cost_to_date)
    END AS training_share_to_date,
    CASE
        WHEN figures.unknown_compute_count_to_date = 0
            THEN share_of(figures.failed_compute_to_date, figures.failed_compute_to_date + figures.training_compute_to_date)
    END AS failed_share,
    share_of(figures.people_and_compute_to_date, figures.true_cost_to_date) AS people_and_compute_share,
    CAST(getvariable('yardstick_months') AS INTEGER) AS horizon_months,
    CASE WHEN figures.is_promoted THEN figures.horizon_end END AS horizon_end,
    CASE WHEN figures.is_promoted THEN figures.horizon_end <= figures.quarter_end END AS is_horizon_reached,
    CASE WHEN figures.is_promoted THEN figures.true_cost_at_horizon END AS true_cost_at_horizon,
    CASE WHEN figures.is_promoted THEN figures.training_only_cost_at_horizon END AS training_only_cost_at_horizon,
    CASE
        WHEN figures.is_promoted AND figures.unknown_training_count_to_date = 0
            THEN multiplier_of(figures.true_cost_at_horizon, figures.training_only_cost_at_horizon)
    END AS multiplier_at_horizon,
    CASE
        WHEN figures.model_id IS NULL THEN 'no model claims this cost'
        WHEN NOT figures.is_promoted THEN 'no promoted run so far'
        ELSE why_no_multiplier(
            figures.unpriced_training_count_to_date,
            figures.unknown_training_count_to_date,
            figures.training_count_to_date,
            figures.promoted_count_to_date,
            figures.training_only_cost_at_horizon,
            figures.true_cost_at_horizon,
            'up to the horizon'
        )
    END AS multiplier_at_horizon_reason,
    CASE
        WHEN figures.is_promoted AND figures.unknown_training_count_to_date = 0
            THEN share_of(figures.training_only_cost_at_horizon, figures.true_cost_at_horizon)
    END AS training_share_at_horizon,
    is_too_low(wholeness.completeness) AS is_lower_bound,
    wholeness_to_date.completeness AS completeness_to_date
FROM (SELECT *, coalesce(first_promoted_on < quarter_end, FALSE) AS is_promoted FROM books.model_figures) AS figures
LEFT JOIN wholeness
    ON figures.quarter = wholeness.quarter AND figures.model_id IS NOT DISTINCT FROM wholeness.model_id
LEFT JOIN wholeness_to_date
    ON figures.quarter = wholeness_to_date.quarter AND figures.model_id IS NOT DISTINCT FROM wholeness_to_date.model_id
ORDER BY figures.model_id NULLS LAST, figures.quarter_start
