-- A whole number of 0 or more; data frames write it with a fraction of zeros (63.0).
CREATE OR REPLACE MACRO is_count(count_text) AS
    regexp_full_match(count_text, '[0-9]{1,15}(\.0*)?');

CREATE OR REPLACE MACRO parse_count(count_text) AS
    CASE WHEN is_count(count_text) THEN CAST(split_part(count_text, '.', 1) AS BIGINT) END;

-- Whether a gateway says that its own cache answered: True, yes, 1, HIT, semantic hit. Anything else is no hit.
CREATE OR REPLACE MACRO is_cache_hit(cache_text) AS
    regexp_full_match(lower(trim(cache_text)), 'true|t|yes|y|1|(semantic[ _-]?)?hit');
