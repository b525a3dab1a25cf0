-- Sources of [[expected]] that are silent now for longer than they may be, as seen on the day `as_of`; last_day is NULL for one
-- that never spoke.
WITH expected AS (
    SELECT source, min(every_days) * 86400 AS every_seconds FROM config_expected GROUP BY source
),

heard AS (
    SELECT source, max(spoken_until) AS silent_from FROM books.spoken GROUP BY source
)

SELECT
    expected.source,
    CAST(heard.silent_from - INTERVAL 1 MICROSECOND AS DATE) AS last_day
FROM expected
LEFT JOIN heard USING (source)
WHERE heard.silent_from IS NULL OR date_diff('second', heard.silent_from, getvariable('as_of')) > expected.every_seconds
ORDER BY expected.source
