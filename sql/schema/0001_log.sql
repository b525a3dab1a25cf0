-- What was received and what became of it. Rows of a delivery are written with its facts, in one transaction.

CREATE SCHEMA log;

CREATE TABLE log.deliveries (
    delivery_id INTEGER,
    source VARCHAR,
    format VARCHAR,
    format_version VARCHAR,
    dataset VARCHAR,
    file VARCHAR,
    set_name VARCHAR,
    set_version INTEGER,
    set_order VARCHAR,
    sha256 VARCHAR,
    size_bytes BIGINT,
    received_at TIMESTAMP,
    fingerprint VARCHAR,
    refused_because VARCHAR,
    rows_read BIGINT,
    rows_accepted BIGINT,
    rows_quarantined BIGINT,
    rows_skipped BIGINT,
    rows_unreadable BIGINT,
    rows_rounded BIGINT,
    columns_ignored VARCHAR[],
    warnings VARCHAR[]
);

-- One row per slot a delivery speaks for: a provider's billing period, an invoice.
CREATE TABLE log.claims (
    delivery_id INTEGER,
    slot_no INTEGER,
    slot VARCHAR,
    content VARCHAR,
    rows_accepted BIGINT
);

-- Sums of the money columns as read: `part` is 'accepted', 'quarantined' or 'skipped'; `slot_no` where accepted.
CREATE TABLE log.control_totals (
    delivery_id INTEGER,
    column_name VARCHAR,
    currency VARCHAR,
    part VARCHAR,
    slot_no INTEGER,
    amount DECIMAL(38, 20)
);

CREATE TABLE log.quarantine (
    delivery_id INTEGER,
    line BIGINT,
    dataset VARCHAR,
    rule VARCHAR,
    column_name VARCHAR,
    value VARCHAR,
    message VARCHAR,
    remedy VARCHAR,
    also_failed VARCHAR[],
    row_json VARCHAR
);

-- The result of each step: it is skipped only where its fingerprint is the last one's.
CREATE TABLE log.steps (
    step VARCHAR,
    fingerprint VARCHAR,
    finished_at TIMESTAMP
);
