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
WITH summed AS (
    SELECT
        model_quarters.model_id,
        model_quarters.quarter,
        model_quarters.quarter_start,
        model_quarters.status,
        model_quarters.version,
        coalesce(sum(costs.cost), 0) AS true_cost,
        coalesce(sum(costs.cost) FILTER (costs.is_training_only), 0) AS training_only_cost,
        coalesce(sum(costs.billed), 0) AS billed_cost,
        coalesce(sum(costs.cost) FILTER (costs.is_adjustment), 0) AS adjustments,
        count(*) FILTER (costs.is_unconverted) AS unconverted_count,
        coalesce(sum(costs.cost) FILTER (costs.is_idle), 0) AS idle_cost,
        count(*) FILTER (costs.is_unpriced) AS unpriced_count,
        count(*) FILTER (costs.is_training_only AND costs.cost IS NULL) AS unknown_training_count
    FROM books.model_quarters
    LEFT JOIN books.posted AS costs
        ON model_quarters.model_id IS NOT DISTINCT FROM costs.model_id
        AND model_quarters.quarter = costs.quarter
    GROUP BY ALL
),

to_date AS (
    SELECT
        *,
        sum(true_cost) OVER so_far AS true_cost_to_date,
        sum(training_only_cost) OVER so_far AS training_only_cost_to_date,
        sum(unknown_training_count) OVER so_far AS unknown_training_count_to_date
    FROM summed
    WINDOW so_far AS (PARTITION BY model_id ORDER BY quarter_start)
)

SELECT
    to_date.model_id,
    to_date.quarter,
    quarter_start,
    CAST(quarter_start + INTERVAL 3 MONTH AS DATE) AS quarter_end,
    getvariable('reporting_currency') AS currency,
    training_only_cost,
    true_cost,
    billed_cost,
    CASE WHEN unknown_training_count = 0 THEN ratio(true_cost, training_only_cost) END AS multiplier,
    CASE
        WHEN to_date.model_id IS NULL THEN 'no model claims this cost'
        WHEN unknown_training_count > 0 AND unpriced_count > 0 THEN 'the usage of its runs has no price'
        WHEN unknown_training_count > 0 THEN 'the usage of its runs is not converted'
        WHEN training_only_cost = 0 THEN 'no promoted run in this quarter'
    END AS multiplier_reason,
    CAST(true_cost_to_date AS DECIMAL(38, 20)) AS true_cost_to_date,
    CAST(training_only_cost_to_date AS DECIMAL(38, 20)) AS training_only_cost_to_date,
    CASE
        WHEN unknown_training_count_to_date = 0 THEN ratio(true_cost_to_date, training_only_cost_to_date)
    END AS multiplier_to_date,
    ratio(training_only_cost, true_cost) AS training_share,
    CAST(CASE WHEN to_date.model_id IS NOT NULL THEN idle_cost ELSE 0 END AS DECIMAL(38, 20)) AS idle_assigned,
    CAST(CASE WHEN to_date.model_id IS NULL THEN idle_cost ELSE 0 END AS DECIMAL(38, 20)) AS idle_platform,
    CASE WHEN unknown_training_count = 0 THEN ratio(true_cost - idle_cost, training_only_cost) END AS multiplier_before_idle,
    unconverted_count,
    CAST(adjustments AS DECIMAL(38, 20)) AS adjustments,
    wholeness.completeness,
    status,
    CAST(version AS INTEGER) AS version
FROM to_date
LEFT JOIN wholeness
    ON to_date.quarter = wholeness.quarter AND to_date.model_id IS NOT DISTINCT FROM wholeness.model_id
ORDER BY to_date.model_id NULLS LAST, quarter_start
