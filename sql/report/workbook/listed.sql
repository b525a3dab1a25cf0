-- The $2 rows of the quarter $1 that weigh most, by what they cost or what a bill asks for.
CREATE OR REPLACE TEMP TABLE listed AS
SELECT *
FROM costs
WHERE quarter = $1
ORDER BY
    greatest(abs(coalesce(cost, 0)), abs(coalesce(billed_cost, 0))) DESC,
    x_charge_id,
    month,
    share_no,
    origin_quarter,
    stage,
    activity,
    cost
LIMIT $2
