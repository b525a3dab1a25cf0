-- What came or changed after its quarter was closed, as posted to the first quarter that was still open. A cost that moved from one
-- stage or model to another is posted plus and minus.
-- x_charge_id: the charge, in `charges` while it is current, as it stands now where it was restated; NULL for what truecost.toml says
-- from_quarter: the closed quarter it is of
-- into_quarter: the quarter it is posted to
-- month: the month it is of
-- model_id: the model; NULL where no rule claims it
-- stage: the stage
-- activity: what was done
-- round: the model's promotions before the charge
-- cost_kind: compute, labor, annotation, inference_api, storage or other
-- run_id: the training run, where the charge belongs to one
-- currency: currency of amount and billed_amount
-- amount: what it adds to true cost; NULL where it can't be known
-- billed_amount: what it adds to the billed cost
-- reason: late, withdrawn, restated, reclassified, settings: what truecost.toml says of staff or capacity, or reversed: an accrual whose bill has come
-- x_delivery_id: the delivery that brought it
-- received_at: when that came, UTC
-- status: preliminary until into_quarter is closed too
SELECT
    CASE WHEN posted.x_delivery_id > 0 THEN posted.x_delivery_id || ':' || posted.x_line || ':' || posted.x_part END AS x_charge_id,
    posted.origin_quarter AS from_quarter,
    posted.quarter AS into_quarter,
    posted.origin_month AS month,
    posted.model_id,
    posted.stage,
    posted.activity,
    posted.round,
    posted.cost_kind,
    posted.run_id,
    getvariable('reporting_currency') AS currency,
    CAST(posted.cost AS DECIMAL(38, 20)) AS amount,
    CAST(posted.billed AS DECIMAL(38, 20)) AS billed_amount,
    posted.reason,
    posted.x_delivery_id,
    deliveries.received_at,
    posted.status
FROM books.posted
LEFT JOIN books.deliveries ON posted.x_delivery_id = deliveries.delivery_id
WHERE posted.is_adjustment AND (posted.cost IS DISTINCT FROM 0 OR posted.billed IS DISTINCT FROM 0)
ORDER BY ALL
