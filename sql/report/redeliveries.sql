-- What newer deliveries say otherwise of a quarter ($1), the newest first.
SELECT
    file,
    source,
    received_at,
    against_file,
    period,
    service,
    currency,
    what,
    rows_before,
    rows_now,
    billed_before,
    billed_now,
    difference
FROM redeliveries
WHERE quarter = $1
ORDER BY delivery_id DESC, abs(difference) DESC, service, currency
