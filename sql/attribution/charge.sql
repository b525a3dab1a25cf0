-- What rules' tests say of a charge: the value of each column, and whether it fits.
SELECT {{tests}}
FROM (
    SELECT * {{rule_subjects}}
    FROM books.charges
    WHERE x_delivery_id = $delivery_id AND x_line = $line AND x_part = $part
)
