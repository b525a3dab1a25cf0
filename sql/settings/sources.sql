-- What [[sources]] says: a row a source.
CREATE OR REPLACE TEMP TABLE config_sources (
    source VARCHAR,
    format VARCHAR,
    dataset VARCHAR,
    restates VARCHAR,
    one_in INTEGER,
    promoted_aliases VARCHAR[]
)
