-- The plan's baseline: frozen where the quarter is closed, and as it stands today elsewhere.
CREATE OR REPLACE VIEW books.baseline AS
SELECT * FROM outlook.projection
WHERE quarter IS NULL OR quarter NOT IN (SELECT quarter FROM books.closes)
UNION ALL BY NAME
FROM books.frozen_plan
