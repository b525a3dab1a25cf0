-- Alerts open before the moment $2, and those raised from $1 on: what happened to them later is not told.
WITH known AS (
    SELECT
        id,
        rule,
        model_id,
        state,
        raised_at,
        CASE WHEN delivered_at < $2 THEN delivered_at END AS delivered_at,
        CASE WHEN acknowledged_at < $2 THEN acknowledged_at END AS acknowledged_at,
        message,
        state <> 'OK' AND row_number() OVER (PARTITION BY model_id, rule ORDER BY raised_at DESC, id DESC) = 1 AS is_open
    FROM alerts
    WHERE raised_at < $2
)

SELECT *
FROM known
WHERE is_open OR raised_at >= $1
ORDER BY is_open DESC, raised_at DESC, id DESC
