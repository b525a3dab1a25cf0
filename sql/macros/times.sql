-- Times as text -> TIMESTAMP in UTC, by a checked grammar (DuckDB drops an offset when it casts to TIMESTAMP).

CREATE OR REPLACE MACRO is_plain_time(time_text) AS
    regexp_full_match(time_text, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?');

CREATE OR REPLACE MACRO is_zoned_time(time_text) AS
    regexp_full_match(
        time_text,
        '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z| ?UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)'
    );

-- The text before the zone, and the zone's offset in minutes.
CREATE OR REPLACE MACRO time_without_zone(time_text) AS
    try_cast(regexp_replace(time_text, '(Z| ?UTC|[+-][0-9]{2}(:?[0-9]{2})?)$', '') AS TIMESTAMP);

CREATE OR REPLACE MACRO zone_minutes(time_text) AS
    CASE
        WHEN time_text LIKE '%Z' OR time_text LIKE '%UTC' THEN 0
        ELSE (CASE WHEN regexp_extract(time_text, '([+-])[0-9]{2}(:?[0-9]{2})?$', 1) = '-' THEN -1 ELSE 1 END)
            * (
                60 * CAST(regexp_extract(time_text, '[+-]([0-9]{2})(:?[0-9]{2})?$', 1) AS INTEGER)
                + coalesce(try_cast(regexp_extract(time_text, '[+-][0-9]{2}:?([0-9]{2})$', 1) AS INTEGER), 0)
            )
    END;

-- `zone` is the zone of a text that names none. The second branch says nothing new: most times are written so, and one
-- look at the text is enough for them.
CREATE OR REPLACE MACRO parse_time(time_text, zone) AS
    CASE
        WHEN time_text IS NULL THEN NULL
        WHEN regexp_full_match(time_text, '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z') THEN try_cast(time_text AS TIMESTAMP)
        WHEN is_plain_time(time_text) AND zone = 'UTC' THEN try_cast(time_text AS TIMESTAMP)
        WHEN is_plain_time(time_text) THEN timezone('UTC', timezone(zone, try_cast(time_text AS TIMESTAMP)))
        WHEN time_text LIKE '%Z' AND is_zoned_time(time_text) THEN try_cast(rtrim(time_text, 'Z') AS TIMESTAMP)
        WHEN is_zoned_time(time_text) THEN time_without_zone(time_text) - to_minutes(zone_minutes(time_text))
    END;

-- How a time fared: its text, and what parse_time made of it.
CREATE OR REPLACE MACRO time_state(time_text, parsed_at) AS
    CASE
        WHEN time_text IS NULL THEN 'missing'
        WHEN parsed_at IS NULL THEN 'not_a_time'
        WHEN parsed_at NOT BETWEEN TIMESTAMP '2000-01-01' AND TIMESTAMP '2100-01-01' THEN 'out_of_range'
        ELSE 'ok'
    END;

-- The fiscal quarter of a month, named by the calendar year in which the fiscal year ends: FY2026-Q3.
CREATE OR REPLACE MACRO fiscal_quarter(month, start_month) AS
    'FY' || CAST(year(month) + CASE WHEN start_month > 1 AND month(month) >= start_month THEN 1 ELSE 0 END AS VARCHAR)
    || '-Q' || CAST((month(month) - start_month + 12) % 12 // 3 + 1 AS VARCHAR);

CREATE OR REPLACE MACRO fiscal_quarter_start(month, start_month) AS
    CAST(date_trunc('month', month) AS DATE) - to_months(CAST((month(month) - start_month + 12) % 3 AS INTEGER));

-- The other moment that a local time may mean: clocks that are put back show an hour (or half of one) twice. NULL on any other day.
CREATE OR REPLACE MACRO local_time(moment, zone) AS
    timezone(zone, timezone('UTC', moment));

CREATE OR REPLACE MACRO other_reading(time_text, parsed_at, zone) AS
    CASE
        WHEN zone = 'UTC' OR parsed_at IS NULL OR NOT is_plain_time(time_text) THEN NULL
        WHEN local_time(parsed_at - INTERVAL 1 HOUR, zone) = local_time(parsed_at, zone) THEN parsed_at - INTERVAL 1 HOUR
        WHEN local_time(parsed_at + INTERVAL 1 HOUR, zone) = local_time(parsed_at, zone) THEN parsed_at + INTERVAL 1 HOUR
        WHEN local_time(parsed_at - INTERVAL 30 MINUTE, zone) = local_time(parsed_at, zone) THEN parsed_at - INTERVAL 30 MINUTE
        WHEN local_time(parsed_at + INTERVAL 30 MINUTE, zone) = local_time(parsed_at, zone) THEN parsed_at + INTERVAL 30 MINUTE
    END;

-- Start and end of what lasted so many seconds: of the readings of both, those that are so far apart; as read, where none are.
CREATE OR REPLACE MACRO settled_times(start_at, other_start, end_at, other_end, seconds) AS
    CASE
        WHEN other_start IS NULL AND other_end IS NULL THEN {'start_at': start_at, 'end_at': end_at}
        ELSE coalesce(
            list_filter(
                [
                    {'start_at': start_at, 'end_at': end_at},
                    {'start_at': other_start, 'end_at': end_at},
                    {'start_at': start_at, 'end_at': other_end},
                    {'start_at': other_start, 'end_at': other_end}
                ],
                lambda reading: coalesce(date_diff('second', reading.start_at, reading.end_at) = seconds, FALSE)
            )[1],
            {'start_at': start_at, 'end_at': end_at}
        )
    END;
