-- What [[attribution]] says: a row a rule; those frozen with a close, and no longer today's, join them under numbers of their own.
CREATE OR REPLACE TEMP TABLE config_rules (
    rule_no INTEGER,
    model_id VARCHAR,
    activity VARCHAR,
    cost_kind VARCHAR,
    rule_position INTEGER,
    treatment VARCHAR,
    frozen_with VARCHAR
)
