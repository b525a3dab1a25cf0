-- What every figure adds up: each charge's cost by month. It leads from a figure back to its charges.
-- x_charge_id: the charge, in `charges`
-- month: first day of the calendar month
-- quarter: fiscal quarter
-- origin_quarter: the quarter the cost is of: an earlier one, closed since, where the row is an adjustment
-- is_adjustment: whether it was posted late, to the first quarter still open
-- reason: why it is an adjustment: late, withdrawn, restated, reclassified, settings or reversed
-- model_id: the model; NULL where no rule claims the charge
-- stage: the stage
-- activity: what was done
-- round: the model's promotions before the charge
-- cost_kind: compute, labor, annotation, inference_api, storage or other
-- run_id: the training run, where the charge belongs to one
-- treatment: expense or capitalise: what the rule that claimed it says, or its [[staff]] entry; a memo. NULL where none did
-- share_no: which share of a charge that is split, from 1; 0 where it is not
-- is_idle: whether it is paid capacity that was not used
-- fx_rate: what a unit of the charge's currency came to in the reporting currency; NULL where nothing was converted
-- is_accrued: whether it is usage at the rate card whose bill has not come
-- allocated_method_id: how the charge was split, after FOCUS 1.3; NULL where it was not
-- allocated_method_details: the weights it was split by, as JSON
-- allocated_resource_id: what the share of a split charge goes to: the training run, else the model
-- allocated_resource_name: the model it goes to
-- allocated_tags: the model, activity and round it goes to, as JSON
-- is_training_only: whether it counts as training-only cost
-- step: the step of `bridge` it is: accrual, fx, allocation, idle or adjustment; or own: billed and effective
-- currency: currency of cost and billed_cost
-- cost: what counts as true cost; NULL where it can't be known
-- billed_cost: what a bill of the month says
SELECT
    posted.x_delivery_id || ':' || posted.x_line || ':' || posted.x_part AS x_charge_id,
    posted.month,
    posted.quarter,
    posted.origin_quarter,
    posted.is_adjustment,
    posted.reason,
    posted.model_id,
    posted.stage,
    posted.activity,
    posted.round,
    posted.cost_kind,
    posted.run_id,
    posted.treatment,
    posted.share_no,
    posted.is_idle,
    posted.fx_rate,
    posted.is_accrued,
    posted.allocated_method_id,
    posted.allocated_method_details,
    CASE WHEN posted.allocated_method_id IS NOT NULL THEN coalesce(posted.run_id, posted.model_id) END AS allocated_resource_id,
    CASE WHEN posted.allocated_method_id IS NOT NULL THEN posted.model_id END AS allocated_resource_name,
    CASE
        WHEN posted.allocated_method_id IS NOT NULL AND posted.model_id IS NOT NULL
            THEN CAST(to_json({'model': posted.model_id, 'activity': posted.activity, 'round': posted.round}) AS VARCHAR)
    END AS allocated_tags,
    posted.is_training_only,
    bridge_step(posted.is_adjustment, posted.is_idle, posted.share_no, posted.is_converted, posted.is_accrued) AS step,
    getvariable('reporting_currency') AS currency,
    posted.cost,
    posted.billed AS billed_cost
FROM books.posted
