-- Deliveries that were loaded, and of which the log knows no more.
SELECT DISTINCT delivery_id
FROM log.contents
ANTI JOIN log.deliveries USING (delivery_id)
ORDER BY delivery_id
