-- What the rows of `adjustments` come to: by quarter, model, stage and reason.
-- from_quarter: the closed quarter they are of
-- into_quarter: the quarter they are posted to
-- model_id: the model; NULL where no rule claims them
-- stage: the stage
-- reason: late, withdrawn, restated, reclassified, settings or reversed
-- currency: currency of amount and billed_amount
-- row_count: how many rows
-- unknown_count: how many of them have no amount, since it can't be known
-- amount: what they add to true cost
-- billed_amount: what they add to the billed cost
SELECT
    origin_quarter AS from_quarter,
    quarter AS into_quarter,
    model_id,
    stage,
    reason,
    getvariable('reporting_currency') AS currency,
    count(*) AS row_count,
    count(*) FILTER (cost IS NULL) AS unknown_count,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS amount,
    CAST(sum(billed) AS DECIMAL(38, 20)) AS billed_amount
FROM books.posted
WHERE is_adjustment AND (cost IS DISTINCT FROM 0 OR billed IS DISTINCT FROM 0)
GROUP BY origin_quarter, quarter, model_id, stage, reason
ORDER BY into_quarter, from_quarter, model_id NULLS LAST, stage, reason
