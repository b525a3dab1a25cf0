-- Where a plan will end, as a distribution: what of it has happened and is not billed yet, what is to come, each percentile, since when or
-- when it is over its budget, and which source is waited for.
ALTER TABLE outlook.forecast ADD COLUMN known_ahead DECIMAL(38, 20);
ALTER TABLE outlook.forecast ADD COLUMN nowcast DECIMAL(38, 20);
ALTER TABLE outlook.forecast ADD COLUMN to_come DECIMAL(38, 20);
ALTER TABLE outlook.forecast ADD COLUMN whole_months INTEGER;
ALTER TABLE outlook.forecast ADD COLUMN over_budget_since DATE;
ALTER TABLE outlook.forecast ADD COLUMN crosses_budget_in DATE;

CREATE TABLE outlook.forecast_percentiles (
    model_id VARCHAR,
    percent INTEGER,
    estimate_at_completion DECIMAL(38, 20)
);

CREATE TABLE outlook.nowcast (
    model_id VARCHAR,
    source VARCHAR,
    heard_until DATE,
    rhythm_days DOUBLE,
    amount DECIMAL(38, 20)
);
