-- Amounts in different currencies are never added: only what is in the reporting currency counts, or was converted.
SELECT
    'charge ' || x_delivery_id || ':' || x_line || ':' || x_part AS subject,
    'it is in ' || billing_currency || ' and counts as ' || getvariable('reporting_currency') AS fault
FROM books.costs
WHERE cost IS NOT NULL AND NOT is_converted AND cost <> 0 AND billing_currency <> getvariable('reporting_currency')
