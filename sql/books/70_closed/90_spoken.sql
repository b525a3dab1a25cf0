-- When each source spoke: the periods its records are about, whatever day they arrived. Only [[expected]] sources matter. A
-- charge speaks for its period, an invoice for its service period and its day of issue; a job, an entry, a run, a score, a
-- request or a model version for when it happened; a price for the days it holds, an exchange rate for its day.
CREATE OR REPLACE TABLE books.spoken AS
WITH record AS (
    SELECT source, charge_period_start AS spoken_from, charge_period_end AS spoken_until
    FROM books.charges
    UNION ALL
    SELECT source, x_issued_at, x_issued_at + INTERVAL 1 DAY
    FROM books.charges
    WHERE x_issued_at IS NOT NULL
    UNION ALL
    SELECT source, started_at, started_at + to_seconds(coalesce(elapsed_seconds, 0))
    FROM books.jobs
    UNION ALL
    SELECT source, started_at, started_at + to_seconds(seconds)
    FROM books.worklogs
    UNION ALL
    SELECT source, coalesce(started_at, decided_at), coalesce(ended_at, decided_at, started_at)
    FROM books.run_versions
    UNION ALL
    SELECT source, CAST(valid_from AS TIMESTAMP), CAST(coalesce(valid_to, DATE '9999-12-30') AS TIMESTAMP) + INTERVAL 1 DAY
    FROM books.rates
    UNION ALL
    SELECT source, CAST(rate_date AS TIMESTAMP), CAST(rate_date AS TIMESTAMP) + INTERVAL 1 DAY
    FROM books.fx_days
    UNION ALL
    SELECT source, moment AS spoken_from, moment AS spoken_until
    FROM ({{moments_of_versions}})
    UNION ALL
    -- The log is long: an hour's requests speak as one.
    SELECT source, min(requested_at), max(requested_at)
    FROM books.requests
    GROUP BY source, date_trunc('hour', requested_at)
)

-- What is of a moment speaks for it, and so for its day.
SELECT source, spoken_from, max(greatest(spoken_from + INTERVAL 1 MICROSECOND, spoken_until)) AS spoken_until
FROM record
SEMI JOIN config_expected USING (source)
WHERE spoken_from IS NOT NULL
GROUP BY source, spoken_from
