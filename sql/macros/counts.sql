-- A whole number of 0 or more; data frames write it with a fraction of zeros (63.0).
CREATE OR REPLACE MACRO is_count(count_text) AS
    regexp_full_match(count_text, '[0-9]{1,15}(\.0*)?');

CREATE OR REPLACE MACRO parse_count(count_text) AS
    CASE WHEN is_count(count_text) THEN CAST(split_part(count_text, '.', 1) AS BIGINT) END;
