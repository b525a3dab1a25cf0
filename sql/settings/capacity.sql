-- What [[capacity]] says: a row a capacity, with its line of truecost.toml.
CREATE OR REPLACE TEMP TABLE config_capacity (
    line INTEGER,
    name VARCHAR,
    gpu_type VARCHAR,
    gpus INTEGER,
    monthly_cost DECIMAL(38, 20),
    currency VARCHAR,
    first_day DATE,
    last_day DATE
)
