-- What is missing, a sentence each: asked by sql/gaps, told by books/gaps.py.
CREATE OR REPLACE TEMP TABLE missing (
    kind VARCHAR,
    source VARCHAR,
    what VARCHAR,
    remedy VARCHAR,
    amounts VARCHAR
)
