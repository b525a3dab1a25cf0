-- Files of which nothing may count, and that were taken out of the inbox since.
CREATE OR REPLACE TEMP TABLE config_gone (
    source VARCHAR,
    file VARCHAR
)
