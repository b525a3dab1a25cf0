-- The plan's baseline of closed quarters, as it was frozen.
CREATE OR REPLACE TABLE books.frozen_plan AS
SELECT * FROM outlook.projection
WHERE FALSE;

INSERT INTO books.frozen_plan BY NAME
{{frozen_plan}}
