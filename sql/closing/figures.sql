-- Every figure of a quarter at its finest published grain: what the content hash is of.
SELECT
    model_id,
    month,
    origin_quarter,
    stage,
    activity,
    round,
    cost_kind,
    run_id,
    is_training_only,
    is_idle,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS cost,
    CAST(sum(billed) AS DECIMAL(38, 20)) AS billed,
    count(*) FILTER (cost IS NULL) AS unknown_count,
    count(*) AS row_count
FROM books.posted
WHERE quarter = getvariable('quarter')
GROUP BY ALL
ORDER BY ALL
