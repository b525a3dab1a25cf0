-- Text -> a plain finite number (DOUBLE), by a checked grammar: DuckDB's cast also takes `1_000`, `nan` and `infinity`.
CREATE OR REPLACE MACRO parse_number(number_text) AS
    CASE
        WHEN regexp_full_match(number_text, '[+-]?([0-9]{1,300}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?') THEN
            CASE WHEN isfinite(try_cast(number_text AS DOUBLE)) THEN try_cast(number_text AS DOUBLE) END
    END;
