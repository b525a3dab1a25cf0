-- What each column of the probe is like, over both sides, but for those that fewer than one request in a hundred has on either:
-- how many values it has, how many are numbers or dates, how long they are, how many words they have, and whether numbers rise or fall with time.
WITH typed AS (
    SELECT
        *,
        parse_number(value) AS number,
        number IS NULL
            AND regexp_matches(value, '^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T]|$)') AS is_date
    FROM drift_probe
)

SELECT
    name,
    count(*) AS value_count,
    count(DISTINCT value) AS distinct_count,
    count(number) AS number_count,
    count(DISTINCT number) AS distinct_number_count,
    coalesce(bool_and(number = floor(number)), FALSE) AS is_whole,
    count(*) FILTER (is_date) AS date_count,
    avg(length(value)) AS mean_length,
    coalesce(
        least(
            abs(corr(number, epoch(requested_at)) FILTER (side = 'reference')),
            abs(corr(number, epoch(requested_at)) FILTER (side = 'current'))
        ),
        0
    ) AS time_correlation,
    coalesce(avg(len(text_words(value))), 0) AS mean_words,
    count(*) FILTER (side = 'reference') AS reference_count,
    count(*) FILTER (side = 'current') AS current_count
FROM typed
GROUP BY name
HAVING count(*) FILTER (side = 'reference') >= 0.01 * $reference_rows
    OR count(*) FILTER (side = 'current') >= 0.01 * $current_rows
ORDER BY name
