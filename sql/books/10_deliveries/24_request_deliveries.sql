-- The deliveries of the request log.
CREATE OR REPLACE TABLE books.request_deliveries AS
SELECT deliveries.delivery_id, deliveries.source
FROM log.deliveries
INNER JOIN config_sources USING (source)
WHERE deliveries.dataset = 'requests'
