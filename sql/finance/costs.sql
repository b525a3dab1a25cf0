-- What every figure adds up: each charge's cost by month. It leads from a figure back to its charges.
-- x_charge_id: the charge, in `charges`
-- month: first day of the calendar month
-- quarter: fiscal quarter
-- model_id: the model; NULL where no rule claims the charge
-- stage: the stage
-- activity: what was done
-- round: the model's promotions before the charge
-- cost_kind: compute, labor, annotation, inference_api, storage or other
-- run_id: the training run, where the charge belongs to one
-- is_training_only: whether it counts as training-only cost
-- currency: currency of cost and billed_cost
-- cost: what counts as true cost; NULL where it can't be known
-- billed_cost: what a bill of the month says
SELECT
    x_delivery_id || ':' || x_line || ':' || x_part AS x_charge_id,
    month,
    quarter,
    model_id,
    stage,
    activity,
    round,
    cost_kind,
    run_id,
    is_training_only,
    getvariable('reporting_currency') AS currency,
    cost,
    billed AS billed_cost
FROM books.costs
ORDER BY x_delivery_id, x_line, x_part, month
