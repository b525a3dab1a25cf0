-- Where each plan will end, as known before $1.
SELECT *
FROM forecast
WHERE as_of < $1
QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY as_of DESC) = 1
ORDER BY model_id
