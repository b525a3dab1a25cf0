-- The milestones of the plans in force, in their order, each with what it is worth and how it is reached; and what was told of them.
CREATE TABLE outlook.milestones (
    model_id VARCHAR,
    milestone VARCHAR,
    place INTEGER,
    stage VARCHAR,
    currency VARCHAR,
    value DECIMAL(38, 20),
    planned_on DATE,
    way VARCHAR,
    needed DOUBLE,
    source VARCHAR,
    unit VARCHAR,
    task VARCHAR,
    metric VARCHAR,
    gate VARCHAR
);

CREATE TABLE outlook.milestone_reports (
    event_id INTEGER,
    model_id VARCHAR,
    milestone VARCHAR,
    reached_on DATE,
    amount BIGINT,
    evidence VARCHAR,
    told_by VARCHAR,
    is_withdrawn BOOLEAN
);

-- The plans that costs are held against: the number of the baseline and when it was frozen; NULL where the plan never was, and is taken as
-- its file stands.
CREATE TABLE outlook.plans_in_force (
    model_id VARCHAR,
    baseline INTEGER,
    frozen_at TIMESTAMP
);
