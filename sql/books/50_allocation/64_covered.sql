-- How much of each piece of usage bills pay for: exactly, where its pools pay for the same part of what they were used for, else in
-- billionths of a GPU second; of a day's tokens, all.
CREATE OR REPLACE TABLE books.covered AS
WITH part AS (
    SELECT
        *,
        covered_seconds // gcd(covered_seconds, pool_seconds) AS paid,
        pool_seconds // gcd(covered_seconds, pool_seconds) AS of_all
    FROM books.pool_usage
),

usage AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        any_value(all_seconds) AS all_seconds,
        count(DISTINCT row(paid, of_all)) = 1 AS is_exact,
        CAST(sum(CAST(used_seconds AS HUGEINT)) AS HUGEINT) * any_value(paid) AS exact_parts,
        any_value(of_all) AS of_all,
        CAST(sum(CAST(1000000000 AS HUGEINT) * used_seconds * covered_seconds // pool_seconds) AS HUGEINT) AS billionths
    FROM part
    GROUP BY x_delivery_id, x_line, x_part
)

SELECT
    x_delivery_id,
    x_line,
    x_part,
    CASE WHEN is_exact THEN exact_parts ELSE billionths END AS covered_parts,
    all_seconds * CASE WHEN is_exact THEN of_all ELSE CAST(1000000000 AS HUGEINT) END AS all_parts
FROM usage
UNION ALL
SELECT x_delivery_id, x_line, x_part, 1, 1
FROM books.token_charges
INNER JOIN books.token_bills
    ON token_charges.token_rate_no = token_bills.token_rate_no
    AND CAST(token_charges.charge_period_start AS DATE) = token_bills.used_on
