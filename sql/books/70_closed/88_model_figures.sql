-- What each model's quarters come to, in the quarter and since the first charge; what no rule claims has model_id NULL.
CREATE OR REPLACE TABLE books.model_figures AS
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
        coalesce(sum(costs.cost) FILTER (costs.is_idle), 0) AS idle_cost,
        coalesce(sum(costs.cost) FILTER (costs.cost_kind = 'compute' AND costs.activity = 'failed_experiments'), 0) AS failed_compute,
        coalesce(sum(costs.cost) FILTER (costs.cost_kind = 'compute' AND costs.activity = 'training'), 0) AS training_compute,
        coalesce(sum(costs.cost) FILTER (costs.cost_kind IN ('compute', 'labor', 'annotation')), 0) AS people_and_compute,
        count(*) FILTER (costs.is_unconverted) AS unconverted_count,
        count(*) FILTER (costs.is_unpriced) AS unpriced_count,
        count(*) FILTER (costs.is_training_only AND costs.cost IS NULL) AS unknown_training_count
    FROM books.model_quarters
    LEFT JOIN books.posted AS costs
        ON model_quarters.model_id IS NOT DISTINCT FROM costs.model_id
        AND model_quarters.quarter = costs.quarter
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
    CAST(sum(unknown_training_count) OVER so_far AS BIGINT) AS unknown_training_count_to_date
FROM summed
WINDOW so_far AS (PARTITION BY model_id ORDER BY quarter_start)
