-- How the spending of each model with a plan stands: the worse of the quarter $running and the one that ended before it, $ended.
-- WARNING over the planned mean by more than the share $warning; ALERT by more than $alert and above the planned P90 too. What
-- was spent with nothing planned is over by any share. `drivers` are the stages over their plan, the furthest first.
WITH quarter AS (
    SELECT model_id, quarter, stage, currency, planned_mean, planned_p90, actual, variance, variance_pct, is_complete
    FROM actual_vs_plan
    WHERE month IS NULL AND quarter IN ($running, $ended) AND actual IS NOT NULL
),

driver AS (
    SELECT
        model_id,
        quarter,
        list({'stage': stage, 'variance': variance} ORDER BY variance DESC, stage) FILTER (WHERE variance > 0) AS drivers
    FROM quarter
    WHERE stage <> 'total'
    GROUP BY model_id, quarter
),

total AS (
    SELECT
        quarter.*,
        coalesce(driver.drivers, []) AS drivers,
        CASE
            WHEN quarter.actual = 0 AND quarter.planned_mean > 0 THEN 'NO_DATA'
            WHEN quarter.actual > quarter.planned_p90
                AND quarter.actual > 0
                AND coalesce(quarter.variance_pct > 100 * CAST($alert AS DECIMAL(18, 6)), TRUE)
                THEN 'ALERT'
            WHEN quarter.actual > 0 AND coalesce(quarter.variance_pct > 100 * CAST($warning AS DECIMAL(18, 6)), TRUE)
                THEN 'WARNING'
            ELSE 'OK'
        END AS state
    FROM quarter
    LEFT JOIN driver USING (model_id, quarter)
    WHERE quarter.stage = 'total'
)

SELECT *
FROM total
QUALIFY row_number() OVER (
    PARTITION BY model_id
    ORDER BY
        CASE state WHEN 'ALERT' THEN 0 WHEN 'WARNING' THEN 1 WHEN 'OK' THEN 2 ELSE 3 END,
        quarter = $running DESC
) = 1
ORDER BY model_id
