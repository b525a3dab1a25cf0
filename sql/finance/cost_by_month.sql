-- Cost by month, stage, activity, round and kind: what the rows of `costs` come to.
-- model_id: the model; NULL where no rule claims the charges
-- month: first day of the calendar month
-- quarter: fiscal quarter
-- stage: the stage
-- activity: what was done
-- round: the model's promotions before the charges
-- cost_kind: compute, labor, annotation, inference_api, storage or other
-- currency: currency of cost and billed_cost
-- row_count: how many rows of `costs`
-- cost: what counts as true cost; NULL where none of it can be known
-- billed_cost: what the bills of the month say
SELECT
    model_id,
    month,
    quarter,
    stage,
    activity,
    round,
    cost_kind,
    getvariable('reporting_currency') AS currency,
    count(*) AS row_count,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS cost,
    CAST(sum(billed) AS DECIMAL(38, 20)) AS billed_cost
FROM books.posted
GROUP BY model_id, month, quarter, stage, activity, round, cost_kind
ORDER BY model_id NULLS LAST, month, quarter, stage, activity, round, cost_kind
