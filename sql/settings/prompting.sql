-- What [[prompting]] says: what a request would cost by prompting, a row a model and time.
CREATE OR REPLACE TEMP TABLE config_prompting (
    model_id VARCHAR,
    input_cost DECIMAL(38, 20),
    cached_input_cost DECIMAL(38, 20),
    output_cost DECIMAL(38, 20),
    saved_tokens BIGINT,
    cached_share DECIMAL(18, 6),
    first_day DATE,
    last_day DATE
)
