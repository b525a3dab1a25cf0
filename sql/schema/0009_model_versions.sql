-- Versions of models as a registry told them: what was promoted, and when.

CREATE TABLE ledger.model_versions (
    registered_model VARCHAR,
    registered_version VARCHAR,
    run_id VARCHAR,
    stage VARCHAR,
    aliases VARCHAR[],
    registered_at TIMESTAMP,
    updated_at TIMESTAMP,
    x_delivery_id INTEGER,
    x_line BIGINT,
    x_content VARCHAR
);
