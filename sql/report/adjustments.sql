-- What was posted to a quarter of those closed before it, largest first.
SELECT
    from_quarter,
    model_id,
    stage,
    reason,
    currency,
    CAST(sum(amount) AS DECIMAL(38, 20)) AS amount,
    count(*) AS row_count
FROM adjustments
WHERE into_quarter = ?
GROUP BY ALL
HAVING sum(amount) <> 0 OR count(amount) < count(*)
ORDER BY abs(sum(amount)) DESC NULLS LAST, from_quarter, model_id, stage, reason
