-- What the staged delivery says of each slot: rows and amounts by day, service and currency. The tax of an invoice's line is no
-- row of its own.
INSERT INTO log.slot_totals BY NAME
SELECT
    x_delivery_id AS delivery_id,
    x_slot_no AS slot_no,
    CAST(coalesce(charge_period_start, x_issued_at) AS DATE) AS day,
    coalesce(service_name, service_category, charge_category) AS service,
    billing_currency AS currency,
    count(*) FILTER (x_part % 2 = 0) AS rows,
    sum(billed_cost) AS billed_cost,
    sum(effective_cost) AS effective_cost
FROM ledger.charges
WHERE x_delivery_id = getvariable('delivery_id')
GROUP BY ALL
