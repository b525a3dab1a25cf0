-- Who takes over idle cost, and in what share.
CREATE OR REPLACE TEMP TABLE config_idle (
    model_id VARCHAR,
    share DECIMAL(18, 6)
)
