-- What a rule's tests say of a charge: the value of each column, and whether it fits.
SELECT /* tests */ NULL
FROM (
    SELECT * /* tags that rules read */
    FROM books.charges
    WHERE x_delivery_id || ':' || x_line || ':' || x_part = ?
)
