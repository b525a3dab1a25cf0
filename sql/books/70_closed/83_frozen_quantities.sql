-- The planned quantities of closed quarters, as they were frozen.
CREATE OR REPLACE TABLE books.frozen_quantities AS
SELECT * FROM outlook.planned_quantities
WHERE FALSE;

INSERT INTO books.frozen_quantities BY NAME
{{frozen_quantities}}
