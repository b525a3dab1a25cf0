-- Charges of a model that nothing will ever decide: no rule gives them an activity, and no run claims them. A run that is still going
-- on may yet: it takes its model's compute from its start. What a bill covers is told by the bill's shares, which hold its cost; what
-- lies in part within a run's window, as an overlap.
WITH told AS (
    SELECT
        costs.source,
        costs.model_id,
        costs.quarter,
        count(DISTINCT row(x_delivery_id, x_line, x_part)) AS pieces,
        sum(costs.cost) AS cost
    FROM books.costs
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    ANTI JOIN books.training_runs AS going_on
        ON costs.model_id = going_on.model_id
        AND costs.cost_kind = 'compute'
        AND going_on.activity = 'undecided'
        AND going_on.ended_at IS NULL
        AND len(going_on.job_ids) = 0
        AND charges.charge_period_start >= going_on.started_at
    WHERE costs.activity = 'undecided' AND costs.run_id IS NULL
        AND NOT costs.is_contested AND NOT costs.is_idle AND NOT costs.is_covered
        AND (costs.share_no > 0 OR attribution.overlapping_run_ids IS NULL)
    GROUP BY ALL
)

SELECT
    source,
    model_id,
    quarter,
    pieces,
    CAST(sum(pieces) OVER one AS BIGINT) AS charges,
    array_to_string(list_sort(list_distinct(list(model_id) OVER one)), ', ') AS models,
    in_money(sum(cost) OVER one, getvariable('reporting_currency')) AS amounts
FROM told
WINDOW one AS (PARTITION BY source)
