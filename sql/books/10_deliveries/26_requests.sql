-- The request log, each request with its status: current but for what 25_repeated_requests keeps.
CREATE OR REPLACE VIEW books.requests AS
SELECT
    requests.*,
    request_deliveries.source,
    coalesce(repeated_requests.status, 'current') AS status
FROM ledger.requests
INNER JOIN books.request_deliveries ON requests.x_delivery_id = request_deliveries.delivery_id
LEFT JOIN books.repeated_requests
    ON requests.x_delivery_id = repeated_requests.x_delivery_id AND requests.x_line = repeated_requests.x_line
