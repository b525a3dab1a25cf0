-- What finished rounds and past forecasts taught: what the next plan starts from in place of a default. `low` and `high` are NULL where it
-- is a figure without a range.
CREATE TABLE outlook.lessons (
    as_of DATE,
    default_name VARCHAR,
    low DOUBLE,
    likely DOUBLE,
    high DOUBLE,
    learned_from VARCHAR
);
