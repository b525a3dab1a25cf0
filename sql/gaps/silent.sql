-- Expected sources that were silent for longer than they may be.
SELECT
    source,
    CASE
        WHEN last_day IS NULL THEN 'never'
        WHEN next_day IS NULL THEN 'since'
        ELSE 'between'
    END AS form,
    last_day,
    next_day,
    string_agg(DISTINCT quarter, ', ' ORDER BY quarter) AS quarters
FROM silences
GROUP BY source, last_day, next_day
