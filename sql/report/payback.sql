-- How far each model is from even with prompting, as known before $1: its last month.
SELECT
    * REPLACE (CAST(sum(unpriced_requests) OVER (PARTITION BY model_id) AS BIGINT) AS unpriced_requests)
FROM payback
WHERE as_of < $1
QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY month DESC) = 1
ORDER BY model_id
