-- Money columns of the delivery that add up to more than the books can go on adding to: 18 whole digits are all there are.
SELECT DISTINCT column_name
FROM log.control_totals
WHERE delivery_id = getvariable('delivery_id') AND abs(amount) >= 100_000_000_000_000_000
ORDER BY column_name
