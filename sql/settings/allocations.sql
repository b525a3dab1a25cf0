-- What [[allocations]] says: a row an entry and model.
CREATE OR REPLACE TEMP TABLE config_allocations (
    allocation_no INTEGER,
    driver VARCHAR,
    model_id VARCHAR,
    share DECIMAL(18, 6),
    activity VARCHAR,
    cost_kind VARCHAR,
    gpu_hours_per_unit DECIMAL(18, 6)
)
