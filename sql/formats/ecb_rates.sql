-- Euro reference rates: text -> typed. A row is a day; `rates` holds what a euro came to in each currency that was quoted, as text
-- that is a plain number. The history writes its days as 2026-10-30, the daily file as 30 October 2026, with blanks around.
WITH quoted AS NOT MATERIALIZED (
    SELECT
        rate_date AS written_date,
        CASE
            WHEN regexp_full_match(trim(rate_date), '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN try_cast(trim(rate_date) AS DATE)
            ELSE CAST(try_strptime(trim(rate_date), '%d %B %Y') AS DATE)
        END AS day,
        list_filter(
            list_transform(
                map_entries(CAST(CAST(extra_tags AS JSON) AS MAP (VARCHAR, VARCHAR))),
                lambda entry: {'currency': trim(entry.key), 'rate': trim(entry.value)}
            ),
            lambda entry: entry.rate IS NOT NULL AND entry.rate NOT IN ('', 'N/A') AND entry.currency <> ''
        ) AS rates
    FROM raw
)

SELECT
    day AS rate_date,
    list_sort(rates) AS rates,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        rate_date := CASE WHEN written_date IS NULL THEN 'missing' WHEN day IS NULL THEN 'not_a_time' ELSE 'ok' END,
        rates := CASE
            WHEN coalesce(len(rates), 0) = 0 THEN 'missing'
            WHEN len(list_filter(rates, lambda entry: NOT regexp_full_match(entry.currency, '[A-Z]{3}'))) > 0 THEN 'not_a_code'
            WHEN len(list_filter(rates, lambda entry: NOT (
                regexp_full_match(entry.rate, '[0-9]{1,9}(\.[0-9]{1,8})?')
                AND contains(translate(entry.rate, '123456789', '111111111'), '1')
            ))) > 0 THEN 'not_a_rate'
            ELSE 'ok'
        END
    ) AS checks
FROM quoted
