-- The quarters that what is absent would be posted to: those its days are in; of a quarter that had been closed when it came, the first
-- open one. NULL where no day is known, or so many that none is.
CREATE OR REPLACE TEMP TABLE absent_quarters AS
WITH spanned AS (
    SELECT
        absent.*,
        CASE
            WHEN date_diff('day', first_day, last_day) BETWEEN 0 AND 3660
                THEN list_distinct(list_transform(
                    generate_series(date_trunc('month', first_day), CAST(last_day AS TIMESTAMP), INTERVAL 1 MONTH),
                    lambda month: fiscal_quarter(CAST(month AS DATE), getvariable('fiscal_year_start_month'))
                ))
            ELSE [NULL]
        END AS quarters
    FROM books.absent
),

placed AS (
    SELECT * EXCLUDE (quarters), unnest(quarters) AS quarter
    FROM spanned
),

open_quarter AS (
    SELECT fiscal_quarter(max(quarter_end), getvariable('fiscal_year_start_month')) AS first_open
    FROM books.closes
)

SELECT
    placed.* EXCLUDE (quarter),
    deliveries.source,
    deliveries.file,
    CASE WHEN deliveries.received_at > closes.closed_at THEN open_quarter.first_open ELSE placed.quarter END AS quarter
FROM placed
INNER JOIN books.deliveries USING (delivery_id)
LEFT JOIN books.closes ON placed.quarter = closes.quarter
CROSS JOIN open_quarter
