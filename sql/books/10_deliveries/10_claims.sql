-- Who speaks for a slot: each claim with its status, which truecost/books/slots.py fills in as truecost/books/claims.py judges it.
-- `held_form` is why a claim is held, `lost` what its set says less than the one it would replace, which begins with the
-- delivery `against`, `is_less` whether it comes to no more than that; `warning` what is odd about it.
CREATE OR REPLACE TABLE books.claims (
    delivery_id INTEGER,
    slot_no INTEGER,
    source VARCHAR,
    dataset VARCHAR,
    slot VARCHAR,
    set_name VARCHAR,
    set_version INTEGER,
    rows_accepted BIGINT,
    status VARCHAR,
    current_delivery_id INTEGER,
    held_form VARCHAR,
    lost VARCHAR,
    is_less BOOLEAN,
    against INTEGER,
    warning VARCHAR,
    covers_from DATE,
    covers_until DATE,
    is_merged BOOLEAN
)
