-- What [[staff]] says: a row an entry, with its line of truecost.toml.
CREATE OR REPLACE TEMP TABLE config_staff (
    staff_no INTEGER,
    line INTEGER,
    role VARCHAR,
    model_id VARCHAR,
    activity VARCHAR,
    share DECIMAL(18, 6),
    first_day DATE,
    last_day DATE,
    monthly_cost DECIMAL(38, 20),
    currency VARCHAR,
    treatment VARCHAR
)
