-- The UTC days of each of [[token_rates]] for which a bill has come: what was used on them is covered.
CREATE OR REPLACE TABLE books.token_bills AS
WITH bill AS (
    SELECT
        unnest({{token_bills}}) AS token_rate_no,
        CAST(charge_period_start AS DATE) AS first_day,
        CAST(charge_period_end - INTERVAL 1 MICROSECOND AS DATE) AS last_day
    FROM books.charges
    WHERE x_basis = 'billed' AND charge_category IN ('Usage', 'Purchase') AND EXISTS (FROM config_token_rates)
)

SELECT DISTINCT
    token_rate_no,
    CAST(unnest(generate_series(
        CAST(first_day AS TIMESTAMP), CAST(greatest(first_day, last_day) AS TIMESTAMP), INTERVAL 1 DAY
    )) AS DATE) AS used_on
FROM bill
