-- Whether the promised volume of each model with a [lifecycle] appears: WARNING where both of the last two months of production that have
-- ended are below the plan's P10, ALERT where both are below half of it. Told of the newest month.
WITH late AS (
    SELECT model_id, month, low, promised, came
    FROM promises
    WHERE promise = 'requests' AND state <> 'to_come'
    QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY month DESC) <= 2
)

SELECT
    model_id,
    max(month) AS month,
    arg_max(low, month) AS low,
    arg_max(promised, month) AS promised,
    arg_max(came, month) AS came,
    CASE
        WHEN count(*) < 2 OR bool_or(came >= low) THEN 'OK'
        WHEN bool_and(came < low / 2) THEN 'ALERT'
        ELSE 'WARNING'
    END AS state
FROM late
GROUP BY model_id
ORDER BY model_id
