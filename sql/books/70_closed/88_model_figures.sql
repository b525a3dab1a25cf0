-- What each model's quarters come to, in the quarter and since the first charge; what no rule claims has model_id NULL.
--
-- The horizon is where the yardsticks are taken: so many months from the month of the model's first promotion on. A cost that was posted
-- late counts in the month it is of.
CREATE OR REPLACE TABLE books.model_figures AS
WITH promotion AS (
    SELECT
        model_id,
        list(decided_at) AS promoted_at,
        CAST(min(decided_at) AS DATE) AS first_promoted_on,
        CAST(date_trunc('month', min(decided_at)) + to_months(getvariable('yardstick_months')) AS DATE) AS horizon_end
    FROM books.training_runs
    WHERE outcome = 'promoted'
    GROUP BY model_id
),

lived AS (
    SELECT
        model_quarters.*,
        promotion.first_promoted_on,
        promotion.horizon_end,
        len(list_filter(
            coalesce(promotion.promoted_at, []),
            lambda promoted: promoted >= quarter_start AND promoted < quarter_start + INTERVAL 3 MONTH
        )) AS promoted_count
    FROM books.model_quarters
    LEFT JOIN promotion USING (model_id)
),

summed AS (
    SELECT
        lived.*,
        coalesce(sum(costs.cost), 0) AS true_cost,
        coalesce(sum(costs.cost) FILTER (costs.is_training_only), 0) AS training_only_cost,
        coalesce(sum(costs.billed), 0) AS billed_cost,
        coalesce(sum(costs.cost) FILTER (costs.is_adjustment), 0) AS adjustments,
        coalesce(sum(costs.cost) FILTER (costs.is_idle), 0) AS idle_cost,
        coalesce(sum(costs.cost) FILTER (costs.cost_kind = 'compute' AND costs.activity = 'failed_experiments'), 0) AS failed_compute,
        coalesce(sum(costs.cost) FILTER (costs.cost_kind = 'compute' AND costs.activity = 'training'), 0) AS training_compute,
        coalesce(sum(costs.cost) FILTER (costs.cost_kind IN ('compute', 'labor', 'annotation')), 0) AS people_and_compute,
        count(*) FILTER (costs.is_unconverted) AS unconverted_count,
        count(*) FILTER (costs.is_training_only) AS training_count,
        count(*) FILTER (costs.is_training_only AND costs.cost IS NULL) AS unknown_training_count,
        count(*) FILTER (costs.is_training_only AND costs.is_unpriced) AS unpriced_training_count,
        count(*) FILTER (
            costs.cost IS NULL AND costs.cost_kind = 'compute' AND costs.activity IN ('training', 'failed_experiments')
        ) AS unknown_compute_count,
        coalesce(
            sum(costs.cost) FILTER (coalesce(costs.origin_month, costs.month) < lived.horizon_end), 0
        ) AS true_cost_in_horizon,
        coalesce(
            sum(costs.cost) FILTER (
                costs.is_training_only AND coalesce(costs.origin_month, costs.month) < lived.horizon_end
            ),
            0
        ) AS training_only_cost_in_horizon
    FROM lived
    LEFT JOIN books.posted AS costs
        ON lived.model_id IS NOT DISTINCT FROM costs.model_id
        AND lived.quarter = costs.quarter
    GROUP BY ALL
)

SELECT
    *,
    CAST(quarter_start + INTERVAL 3 MONTH AS DATE) AS quarter_end,
    CAST(sum(true_cost) OVER so_far AS DECIMAL(38, 20)) AS true_cost_to_date,
    CAST(sum(training_only_cost) OVER so_far AS DECIMAL(38, 20)) AS training_only_cost_to_date,
    CAST(sum(billed_cost) OVER so_far AS DECIMAL(38, 20)) AS billed_cost_to_date,
    CAST(sum(failed_compute) OVER so_far AS DECIMAL(38, 20)) AS failed_compute_to_date,
    CAST(sum(training_compute) OVER so_far AS DECIMAL(38, 20)) AS training_compute_to_date,
    CAST(sum(people_and_compute) OVER so_far AS DECIMAL(38, 20)) AS people_and_compute_to_date,
    CAST(sum(unknown_training_count) OVER so_far AS BIGINT) AS unknown_training_count_to_date,
    CAST(sum(unpriced_training_count) OVER so_far AS BIGINT) AS unpriced_training_count_to_date,
    CAST(sum(unknown_compute_count) OVER so_far AS BIGINT) AS unknown_compute_count_to_date,
    CAST(sum(training_count) OVER so_far AS BIGINT) AS training_count_to_date,
    CAST(sum(promoted_count) OVER so_far AS BIGINT) AS promoted_count_to_date,
    CAST(sum(true_cost_in_horizon) OVER so_far AS DECIMAL(38, 20)) AS true_cost_at_horizon,
    CAST(sum(training_only_cost_in_horizon) OVER so_far AS DECIMAL(38, 20)) AS training_only_cost_at_horizon
FROM summed
WINDOW so_far AS (PARTITION BY model_id ORDER BY quarter_start)
