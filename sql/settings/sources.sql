-- What [[sources]] says: a row a source.
CREATE OR REPLACE TEMP TABLE config_sources (
    source VARCHAR,
    format VARCHAR,
    dataset VARCHAR,
    restates VARCHAR,
    is_merged BOOLEAN,
    is_keyed BOOLEAN,
    one_in INTEGER,
    promoted_aliases VARCHAR[]
)
