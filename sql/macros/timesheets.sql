-- Dates, clock times and hours as time tracking tools write them -> plain text that the other macros read. What could be
-- read two ways is not read: the file has to settle it, or the source.

-- A part of 03/04/2024 as a number.
CREATE OR REPLACE MACRO written_part(date_text, part) AS
    CAST(string_split_regex(date_text, '[/.-]')[part] AS INTEGER);

-- Which part of 03/04/2024 the day is: 'day_first' or 'month_first' where only one is possible, 'same' where both are one
-- day, 'open' where it can't be told; NULL where the text is no such date.
CREATE OR REPLACE MACRO date_order(date_text) AS
    CASE
        WHEN NOT regexp_full_match(date_text, '[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}') THEN NULL
        WHEN written_part(date_text, 1) = written_part(date_text, 2) THEN 'same'
        WHEN written_part(date_text, 1) BETWEEN 13 AND 31 AND written_part(date_text, 2) <= 12 THEN 'day_first'
        WHEN written_part(date_text, 2) BETWEEN 13 AND 31 AND written_part(date_text, 1) <= 12 THEN 'month_first'
        WHEN written_part(date_text, 1) <= 12 AND written_part(date_text, 2) <= 12 THEN 'open'
    END;

-- A written date as 2024-03-04; `part_order` is 'day_first' or 'month_first'.
CREATE OR REPLACE MACRO iso_date(date_text, part_order) AS
    CASE
        WHEN regexp_full_match(date_text, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN date_text
        WHEN regexp_full_match(date_text, '[0-9]{4}([/.][0-9]{1,2}[/.][0-9]{1,2}\.?|年 ?[0-9]{1,2}月 ?[0-9]{1,2}日)') THEN printf(
            '%04d-%02d-%02d',
            CAST(regexp_extract(date_text, '^([0-9]+)', 1) AS INTEGER),
            CAST(regexp_extract(date_text, '^[0-9]+[^0-9]+([0-9]+)', 1) AS INTEGER),
            CAST(regexp_extract(date_text, '([0-9]+)[^0-9]*$', 1) AS INTEGER)
        )
        WHEN date_order(date_text) IS NULL THEN NULL
        WHEN part_order IS NULL AND date_order(date_text) <> 'same' THEN NULL
        ELSE printf(
            '%04d-%02d-%02d',
            written_part(date_text, 3),
            written_part(date_text, CASE WHEN part_order = 'day_first' THEN 2 ELSE 1 END),
            written_part(date_text, CASE WHEN part_order = 'day_first' THEN 1 ELSE 2 END)
        )
    END;

-- 1:05 PM or 13:05 as 13:05:00.
CREATE OR REPLACE MACRO iso_clock(clock_text) AS
    CASE
        WHEN regexp_full_match(clock_text, '([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?')
            THEN lpad(split_part(clock_text, ':', 1), 2, '0') || ':' || split_part(clock_text, ':', 2)
                || ':' || coalesce(nullif(split_part(clock_text, ':', 3), ''), '00')
        WHEN regexp_full_match(
            clock_text, '(0?[1-9]|1[0-2]):[0-5][0-9](:[0-5][0-9])?[ \x{a0}\x{202f}]?[AaPp](\.?[ \x{a0}\x{202f}]?)[Mm]\.?'
        )
            THEN printf(
                '%02d:%s:%s',
                CAST(split_part(clock_text, ':', 1) AS INTEGER) % 12
                + CASE WHEN regexp_matches(clock_text, '[Pp]') THEN 12 ELSE 0 END,
                regexp_extract(clock_text, '^[0-9]+:([0-9]{2})', 1),
                coalesce(nullif(regexp_extract(clock_text, '^[0-9]+:[0-9]{2}:([0-9]{2})', 1), ''), '00')
            )
    END;

-- 01:30:00 or 1:30 (hours and minutes) in seconds.
CREATE OR REPLACE MACRO clock_seconds(duration_text) AS
    CASE
        WHEN regexp_full_match(duration_text, '[0-9]{1,5}:[0-5][0-9](:[0-5][0-9])?')
            THEN 3600 * CAST(split_part(duration_text, ':', 1) AS BIGINT)
                + 60 * CAST(split_part(duration_text, ':', 2) AS BIGINT)
                + coalesce(try_cast(split_part(duration_text, ':', 3) AS BIGINT), 0)
    END;

-- A part of a duration, with whatever mark, in thousandths of its unit: `1,5` -> 1500.
CREATE OR REPLACE MACRO thousandths(number_text) AS
    CASE
        WHEN number_text = '' OR number_text IS NULL THEN 0
        ELSE CAST(1000 * CAST(replace(number_text, ',', '.') AS DECIMAL(18, 6)) AS BIGINT)
    END;

-- A duration with its units, in seconds: 1h 30m, 1 h 30 min, 1h30, 90 min, 0.75 h, 45 sec, 47:06 min (minutes and seconds), and
-- PT1H30M (ISO 8601). A day is no unit: how many hours it has is for the tool to say.
CREATE OR REPLACE MACRO in_units(duration_text, hours, minutes, seconds) AS
    CAST(round(
        (
            3600 * thousandths(regexp_extract(duration_text, '([0-9]+(?:[.,][0-9]+)?)\s*' || hours, 1))
            + 60 * thousandths(regexp_extract(duration_text, '(?:^|[^0-9.,])([0-9]+(?:[.,][0-9]+)?)\s*' || minutes, 1))
            + thousandths(regexp_extract(duration_text, '(?:^|[^0-9.,])([0-9]+(?:[.,][0-9]+)?)\s*' || seconds, 1))
        ) / 1000
    ) AS BIGINT);

CREATE OR REPLACE MACRO worded_seconds(duration_text) AS
    CASE
        WHEN regexp_full_match(duration_text, '[0-9]{1,4}:[0-5][0-9]\s*min\.?')
            THEN 60 * CAST(split_part(duration_text, ':', 1) AS BIGINT) + CAST(regexp_extract(duration_text, ':([0-9]{2})', 1) AS BIGINT)
        WHEN regexp_full_match(
            lower(duration_text), 'pt([0-9]{1,5}([.,][0-9]{1,6})?h)?([0-9]{1,7}([.,][0-9]{1,6})?m)?([0-9]{1,8}([.,][0-9]{1,6})?s)?'
        ) AND regexp_matches(duration_text, '[0-9]')
            THEN in_units(lower(duration_text), 'h', 'm', 's')
        WHEN NOT regexp_matches(duration_text, '[0-9]\s*[^0-9.,:\s]') THEN NULL
        WHEN regexp_full_match(
            lower(duration_text),
            '([0-9]{1,5}([.,][0-9]{1,6})?\s*(h|hrs?\.?|hours?|std\.?|stunden?|heures?|horas?|or[ae]|godz\.?|時間))?\s*'
            || '([0-9]{1,7}([.,][0-9]{1,6})?\s*(m|mins?\.?|minutes?|minuten?|minutos?|minuti|minuto|minut[ay]?|分))?\s*'
            || '([0-9]{1,8}([.,][0-9]{1,6})?\s*(s|secs?\.?|seconds?|sek\.?|sekunden?|secondes?|segundos?|seg\.?|secondi|秒))?'
        ) THEN in_units(lower(duration_text), '(?:h|std|stunde|or[ae]|godz|時間)', '(?:m|分)', '(?:s(?:[^t]|$)|秒)')
        WHEN regexp_full_match(lower(duration_text), '[0-9]{1,5}\s*h\s*[0-5]?[0-9]')
            THEN 3600 * CAST(regexp_extract(duration_text, '^([0-9]+)', 1) AS BIGINT)
                + 60 * CAST(regexp_extract(duration_text, '([0-9]+)$', 1) AS BIGINT)
    END;

-- A number without what parts its thousands, where that is a blank or an apostrophe.
CREATE OR REPLACE MACRO without_blanks(number_text) AS
    CASE
        WHEN regexp_full_match(number_text, '[+-]?[0-9]{1,3}([ \x{a0}\x{202f}''’][0-9]{3})+([.,][0-9]+)?')
            THEN regexp_replace(number_text, '[ \x{a0}\x{202f}''’]', '', 'g')
        ELSE number_text
    END;

-- The decimal mark of a number: ',' or '.' where only one is possible, '' for a whole number, 'open' for 1,234, which is
-- either; NULL where the text is no number.
CREATE OR REPLACE MACRO mark_of_plain(number_text) AS
    CASE
        WHEN regexp_full_match(number_text, '[+-]?[0-9]+') THEN ''
        WHEN regexp_full_match(number_text, '[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+') THEN ','
        WHEN regexp_full_match(number_text, '[+-]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+') THEN '.'
        WHEN regexp_full_match(number_text, '[+-]?[0-9]{1,3}(\.[0-9]{3}){2,}') THEN ','
        WHEN regexp_full_match(number_text, '[+-]?[0-9]{1,3}(,[0-9]{3}){2,}') THEN '.'
        WHEN regexp_full_match(number_text, '[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}') THEN 'open'
        WHEN regexp_full_match(number_text, '[+-]?[0-9]+,[0-9]+') THEN ','
        WHEN regexp_full_match(number_text, '[+-]?[0-9]+\.[0-9]+') THEN '.'
    END;

CREATE OR REPLACE MACRO decimal_mark(number_text) AS
    mark_of_plain(without_blanks(number_text));

-- A number with whatever mark as parse_amount reads it; `mark` settles what is open, and NULL leaves it unread.
CREATE OR REPLACE MACRO plain_number(number_text, mark) AS
    CASE CASE decimal_mark(number_text) WHEN 'open' THEN mark ELSE decimal_mark(number_text) END
        WHEN '' THEN without_blanks(number_text)
        WHEN '.' THEN replace(without_blanks(number_text), ',', '')
        WHEN ',' THEN replace(replace(without_blanks(number_text), '.', ''), ',', '.')
    END;
