-- What is missing, asked by sql/gaps and told by books/gaps.py: a row a quarter and model, with the same sentence for all that are of one
-- fault.
--
-- model_id: whose cost it is; NULL where that is not known, or nobody's (`is_unclaimed`)
-- quarter: NULL where that is not known
-- pieces: of how many rows, files, charges or jobs it speaks there
-- is_cost: whether true cost would be another without it
-- is_lower_bound: whether true cost is too low for it
CREATE OR REPLACE TEMP TABLE missing (
    kind VARCHAR,
    source VARCHAR,
    model_id VARCHAR,
    is_unclaimed BOOLEAN,
    quarter VARCHAR,
    pieces BIGINT,
    is_cost BOOLEAN,
    is_lower_bound BOOLEAN,
    delivery_id INTEGER,
    what VARCHAR,
    remedy VARCHAR,
    amounts VARCHAR,
    told VARCHAR
)
