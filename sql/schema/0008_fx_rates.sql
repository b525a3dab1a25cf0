-- Exchange rates as delivered: a row a day, units of each currency per euro.

CREATE TABLE ledger.fx_rates (
    rate_date DATE,
    rates STRUCT(currency VARCHAR, rate VARCHAR)[],
    x_delivery_id INTEGER,
    x_line BIGINT,
    x_content VARCHAR
);
