-- What [[models]] says: a row a model.
CREATE OR REPLACE TEMP TABLE config_models (
    model_id VARCHAR,
    headline_task VARCHAR,
    headline_metric VARCHAR,
    version_tag VARCHAR,
    version_share VARCHAR,
    useful_life_months INTEGER,
    abandoned_on DATE
)
