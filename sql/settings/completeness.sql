-- What each close said of whether a model's quarter was complete.
CREATE OR REPLACE TEMP TABLE config_completeness (
    quarter VARCHAR,
    model_id VARCHAR,
    frozen_completeness VARCHAR
)
