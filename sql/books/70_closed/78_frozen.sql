-- The costs of closed quarters, as they were frozen.
CREATE OR REPLACE TABLE books.frozen AS
SELECT
    *,
    quarter AS origin_quarter,
    CAST(NULL AS DATE) AS origin_month,
    FALSE AS is_adjustment,
    CAST(NULL AS VARCHAR) AS reason,
    CAST(NULL AS UBIGINT) AS charge_key
FROM books.costs
WHERE FALSE;

INSERT INTO books.frozen BY NAME
{{frozen_costs}}
