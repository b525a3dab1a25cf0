-- Allocation over months conserves: a charge's months add up to the charge, billed and effective.
WITH months AS (
    SELECT x_delivery_id, x_line, x_part, sum(billed_cost) AS billed_cost, sum(effective_cost) AS effective_cost
    FROM books.costs
    GROUP BY x_delivery_id, x_line, x_part
)

SELECT
    'charge ' || charges.x_delivery_id || ':' || charges.x_line || ':' || charges.x_part AS subject,
    'its months add up to ' || coalesce(CAST(months.effective_cost AS VARCHAR), 'nothing') || ', not to '
    || charges.effective_cost AS fault
FROM books.charges
LEFT JOIN months USING (x_delivery_id, x_line, x_part)
WHERE charges.billed_cost IS DISTINCT FROM months.billed_cost OR charges.effective_cost IS DISTINCT FROM months.effective_cost
