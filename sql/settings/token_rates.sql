-- What [[token_rates]] says: a row an entry, with its line of truecost.toml.
CREATE OR REPLACE TEMP TABLE config_token_rates (
    token_rate_no INTEGER,
    line INTEGER,
    model_id VARCHAR,
    source VARCHAR,
    input_cost DECIMAL(38, 20),
    cached_input_cost DECIMAL(38, 20),
    output_cost DECIMAL(38, 20),
    currency VARCHAR,
    first_day DATE,
    last_day DATE
)
