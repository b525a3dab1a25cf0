-- The quarters that are closed, when, and with the last delivery of which each froze a cost.
CREATE OR REPLACE TEMP TABLE config_closes (
    quarter VARCHAR,
    quarter_start DATE,
    quarter_end DATE,
    version INTEGER,
    closed_at TIMESTAMP,
    content_hash VARCHAR,
    last_delivery_id INTEGER,
    frozen_views VARCHAR[]
)
