-- Euro reference rates: text -> typed. A row is a day, or a day and the one currency it is `quoted` of; `rates` holds what a euro came
-- to in each currency that was quoted, as text that is a plain number. The history writes its days as 2026-10-30, the daily file as
-- 30 October 2026, with blanks around. A column is a currency, or names its series: `US dollar/Euro (EXR.D.USD.EUR.SP00.A)`.
WITH dated AS NOT MATERIALIZED (
    SELECT
        * RENAME (rate_date AS written_date),
        currency IS NOT NULL OR rate IS NOT NULL OR base_currency IS NOT NULL AS is_long,
        CASE
            WHEN regexp_full_match(trim(rate_date), '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN try_cast(trim(rate_date) AS DATE)
            ELSE CAST(try_strptime(trim(rate_date), '%d %B %Y') AS DATE)
        END AS day
    FROM raw
),

entered AS NOT MATERIALIZED (
    SELECT
        *,
        CASE
            WHEN is_long THEN [{'currency': upper(trim(currency)), 'rate': trim(rate)}]
            ELSE list_transform(
                list_filter(
                    map_entries(CAST(CAST(extra_tags AS JSON) AS MAP (VARCHAR, VARCHAR))),
                    lambda entry: NOT regexp_full_match(entry.key, '(?i)\s*time[ _]?period\s*')
                ),
                lambda entry: {
                    'currency': coalesce(
                        nullif(regexp_extract(entry.key, '\bEXR\.D\.([A-Z]{3})\.EUR\.SP00\.A\b', 1), ''), trim(entry.key)
                    ),
                    'rate': trim(entry.value)
                }
            )
        END AS entries
    FROM dated
),

quoted AS NOT MATERIALIZED (
    SELECT
        *,
        list_filter(
            entries,
            lambda entry: entry.rate IS NOT NULL AND entry.rate NOT IN ('', 'N/A', 'NaN', '-') AND coalesce(entry.currency, '?') <> ''
        ) AS rates
    FROM entered
)

SELECT
    day AS rate_date,
    CASE WHEN is_long THEN upper(trim(currency)) END AS quoted,
    list_sort(rates) AS rates,
    CASE WHEN is_long AND len(rates) = 0 THEN 'not_quoted' END AS skip_reason,
    struct_pack(
        rate_date := CASE WHEN written_date IS NULL THEN 'missing' WHEN day IS NULL THEN 'not_a_time' ELSE 'ok' END,
        rates := CASE
            WHEN is_long AND (coalesce(trim(base_currency), 'EUR') <> 'EUR' OR coalesce(trim(rate_type), 'SP00') <> 'SP00')
                THEN 'not_of_the_euro'
            WHEN coalesce(len(rates), 0) = 0 THEN 'missing'
            WHEN len(list_filter(rates, lambda entry: NOT coalesce(regexp_full_match(entry.currency, '[A-Z]{3}'), FALSE))) > 0
                THEN 'not_a_code'
            WHEN len(list_filter(rates, lambda entry: NOT (
                regexp_full_match(entry.rate, '[0-9]{1,9}(\.[0-9]{1,8})?')
                AND contains(translate(entry.rate, '123456789', '111111111'), '1')
            ))) > 0 THEN 'not_a_rate'
            ELSE 'ok'
        END
    ) AS checks
FROM quoted
