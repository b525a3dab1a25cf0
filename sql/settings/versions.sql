-- How often each quarter has been closed.
CREATE OR REPLACE TEMP TABLE config_versions (
    quarter VARCHAR,
    closed_times INTEGER
)
