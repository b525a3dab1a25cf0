-- The planned quantities: frozen where the quarter is closed, and as they stand today elsewhere.
CREATE OR REPLACE VIEW books.planned_quantities AS
SELECT * FROM outlook.planned_quantities
WHERE quarter NOT IN (SELECT quarter FROM books.closes)
UNION ALL BY NAME
FROM books.frozen_quantities
