-- Staff time, eval scores and the request log, as delivered; and the totals an electronic invoice states of itself.

CREATE TABLE ledger.worklogs (
    person VARCHAR,
    role VARCHAR,
    client VARCHAR,
    project VARCHAR,
    task VARCHAR,
    description VARCHAR,
    tags VARCHAR,
    started_at TIMESTAMP,
    seconds BIGINT,
    stated_cost DECIMAL(38, 20),
    stated_currency VARCHAR,
    x_occurrence INTEGER,
    x_delivery_id INTEGER,
    x_line BIGINT,
    x_content VARCHAR
);

CREATE TABLE ledger.evals (
    model_id VARCHAR,
    model_version VARCHAR,
    task VARCHAR,
    metric VARCHAR,
    score DOUBLE,
    stderr DOUBLE,
    n BIGINT,
    higher_is_better BOOLEAN,
    evaluated_at TIMESTAMP,
    x_delivery_id INTEGER,
    x_line BIGINT,
    x_content VARCHAR
);

CREATE TABLE ledger.requests (
    request_id VARCHAR,
    model_id VARCHAR,
    requested_at TIMESTAMP,
    input_tokens BIGINT,
    output_tokens BIGINT,
    latency_ms DOUBLE,
    features VARCHAR,
    x_key VARCHAR,
    x_occurrence INTEGER,
    x_delivery_id INTEGER,
    x_line BIGINT,
    x_content VARCHAR
);

CREATE TABLE ledger.invoice_totals (
    invoice_issuer_name VARCHAR,
    invoice_id VARCHAR,
    document_type VARCHAR,
    corrects_invoice_id VARCHAR,
    currency VARCHAR,
    tax_exclusive_amount DECIMAL(38, 20),
    tax_amount DECIMAL(38, 20),
    tax_inclusive_amount DECIMAL(38, 20),
    prepaid_amount DECIMAL(38, 20),
    rounding_amount DECIMAL(38, 20),
    payable_amount DECIMAL(38, 20),
    x_delivery_id INTEGER,
    x_line BIGINT
);
