-- Unix time as text -> TIMESTAMP in UTC. Seconds, thousandths, millionths and billionths are told apart by their size:
-- between 2000 and 2100 no number can be two of them.
CREATE OR REPLACE MACRO is_unix_time(time_text) AS
    regexp_full_match(time_text, '[0-9]{9,10}(\.[0-9]{1,20})?|[0-9]{12,13}(\.[0-9]{1,20})?|[0-9]{15,16}|[0-9]{18,19}');

CREATE OR REPLACE MACRO unix_micros(time_text) AS
    CASE
        WHEN length(split_part(time_text, '.', 1)) <= 10 THEN to_units(parse_amount(time_text)) // 100000000000000
        WHEN length(split_part(time_text, '.', 1)) <= 13 THEN to_units(parse_amount(time_text)) // 100000000000000000
        WHEN length(time_text) <= 16 THEN CAST(time_text AS HUGEINT)
        ELSE CAST(time_text AS HUGEINT) // 1000
    END;

CREATE OR REPLACE MACRO parse_unix_time(time_text) AS
    CASE WHEN is_unix_time(time_text) THEN make_timestamp(CAST(unix_micros(time_text) AS BIGINT)) END;
