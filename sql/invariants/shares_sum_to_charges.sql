-- Allocation conserves: the shares of a split charge add up to it exactly, billed and effective.
WITH summed AS (
    SELECT x_delivery_id, x_line, x_part, sum(billed_cost) AS billed_cost, sum(effective_cost) AS effective_cost
    FROM books.shares
    GROUP BY x_delivery_id, x_line, x_part
)

SELECT
    'charge ' || charges.x_delivery_id || ':' || charges.x_line || ':' || charges.x_part AS subject,
    'its shares add up to ' || coalesce(CAST(summed.effective_cost AS VARCHAR), 'nothing') || ', not to '
    || coalesce(CAST(charges.effective_cost AS VARCHAR), 'nothing') AS fault
FROM summed
INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
WHERE summed.billed_cost IS DISTINCT FROM charges.billed_cost
    OR summed.effective_cost IS DISTINCT FROM charges.effective_cost
