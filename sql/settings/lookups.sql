-- What the rules of `rule_no` look up: a row a key of the table.
CREATE OR REPLACE TEMP TABLE config_lookups (
    rule_no INTEGER,
    lookup_key VARCHAR,
    model_id VARCHAR,
    activity VARCHAR,
    cost_kind VARCHAR
)
