-- What each charge is billed, in its own currency: the lines of an invoice.
SELECT
    x_charge_id,
    invoice_id,
    x_delivery_id AS delivery_id,
    billed_cost AS cost,
    billing_currency AS currency,
    x_stage AS stage,
    CASE WHEN charge_category = 'Tax' THEN 'tax' END AS reason
FROM charges
