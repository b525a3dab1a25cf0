-- What is told of the future and of quality: projections of the plans, drift signals, and the journal's events.

CREATE SCHEMA outlook;

-- By month; for a whole quarter (month NULL); for the whole plan (month and quarter NULL). `stage` is 'total' where all
-- stages are meant: quantiles don't add, so totals are rows of their own.
CREATE TABLE outlook.projection (
    model_id VARCHAR,
    month DATE,
    quarter VARCHAR,
    stage VARCHAR,
    currency VARCHAR,
    planned_mean DECIMAL(38, 20),
    planned_p10 DECIMAL(38, 20),
    planned_p50 DECIMAL(38, 20),
    planned_p90 DECIMAL(38, 20)
);

CREATE TABLE outlook.forecast (
    model_id VARCHAR,
    as_of DATE,
    currency VARCHAR,
    budget DECIMAL(38, 20),
    actual_to_date DECIMAL(38, 20),
    estimate_at_completion_p10 DECIMAL(38, 20),
    estimate_at_completion_p50 DECIMAL(38, 20),
    estimate_at_completion_p90 DECIMAL(38, 20),
    probability_over_budget DOUBLE
);

CREATE TABLE outlook.drift_signals (
    model_id VARCHAR,
    window_start TIMESTAMP,
    window_end TIMESTAMP,
    reference_start TIMESTAMP,
    reference_end TIMESTAMP,
    feature VARCHAR,
    method VARCHAR,
    value DOUBLE,
    threshold DOUBLE,
    drifted BOOLEAN,
    verdict VARCHAR,
    reference_rows BIGINT,
    current_rows BIGINT,
    report VARCHAR
);

-- The journal (append-only files beside the landing log), as rows.
CREATE TABLE outlook.events (
    event_id INTEGER,
    kind VARCHAR,
    happened_at TIMESTAMP,
    model_id VARCHAR,
    data VARCHAR
);
