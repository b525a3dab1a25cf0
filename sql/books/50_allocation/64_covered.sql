-- How much of each piece of usage bills pay for, in billionths of a GPU second; of a day's tokens, all.
CREATE OR REPLACE TABLE books.covered AS
SELECT
    x_delivery_id,
    x_line,
    x_part,
    CAST(sum(CAST(1000000000 AS HUGEINT) * used_seconds * covered_seconds // pool_seconds) AS HUGEINT) AS covered_parts,
    CAST(1000000000 AS HUGEINT) * any_value(all_seconds) AS all_parts
FROM books.pool_usage
GROUP BY x_delivery_id, x_line, x_part
UNION ALL
SELECT x_delivery_id, x_line, x_part, 1, 1
FROM books.token_charges
INNER JOIN books.token_bills
    ON token_charges.token_rate_no = token_bills.token_rate_no
    AND CAST(token_charges.charge_period_start AS DATE) = token_bills.used_on
