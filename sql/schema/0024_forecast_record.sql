-- What past forecasts came to: each month's, of the cost up to the last whole month since, beside what came.
CREATE TABLE outlook.forecast_record (
    model_id VARCHAR,
    as_of DATE,
    until DATE,
    currency VARCHAR,
    basis VARCHAR,
    forecast_p10 DECIMAL(38, 20),
    forecast_p50 DECIMAL(38, 20),
    forecast_p90 DECIMAL(38, 20),
    last_quarter DECIMAL(38, 20),
    linear DECIMAL(38, 20),
    cpi DECIMAL(38, 20),
    actual DECIMAL(38, 20)
);

-- How likely each budget is exceeded in the period that runs on the day of the forecast.
CREATE TABLE outlook.budget_chances (
    name VARCHAR,
    period_start DATE,
    chance DOUBLE
);

-- What a plan with a [lifecycle] promises by month: requests and input tokens a request; and in which month production begins.
CREATE TABLE outlook.promises (
    model_id VARCHAR,
    promise VARCHAR,
    month DATE,
    low DOUBLE,
    middle DOUBLE,
    high DOUBLE
);
