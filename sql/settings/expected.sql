-- What [[expected]] says: a row a source that must speak.
CREATE OR REPLACE TEMP TABLE config_expected (
    source VARCHAR,
    every_days DOUBLE
)
