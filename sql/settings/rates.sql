-- What [[rates]] says: a row a rate.
CREATE OR REPLACE TEMP TABLE config_rates (
    rate_no INTEGER,
    role VARCHAR,
    people VARCHAR[],
    hourly_cost DECIMAL(38, 20),
    currency VARCHAR,
    first_day DATE,
    last_day DATE
)
