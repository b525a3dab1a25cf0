-- What the rows of each sheet of charges add up to, where a sheet takes $2 rows: in the order of workbook/charges.
WITH numbered AS (
    SELECT
        costs.cost,
        costs.billed_cost,
        row_number() OVER (
            ORDER BY costs.model_id NULLS LAST, costs.month, charges.x_delivery_id, charges.x_line, charges.x_part
        ) - 1 AS place
    FROM costs
    INNER JOIN charges USING (x_charge_id)
    WHERE costs.quarter = $1
)

SELECT place // $2 AS sheet, count(*) AS row_count, sum(cost) AS cost, sum(billed_cost) AS billed_cost
FROM numbered
GROUP BY sheet
ORDER BY sheet
