-- The closes that stand: what was frozen of their quarters is in the tables after this one.
CREATE OR REPLACE TABLE books.closes AS
SELECT * FROM config_closes
