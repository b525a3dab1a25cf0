-- What was amortised and written off of each round in closed quarters: the months after them go on from there.
CREATE OR REPLACE TABLE books.frozen_life (
    model_id VARCHAR,
    round INTEGER,
    month DATE,
    quarter VARCHAR,
    amortised DECIMAL(38, 20),
    written_off DECIMAL(38, 20)
);

INSERT INTO books.frozen_life
SELECT model_id, round, month, quarter, amortised, written_off
{{frozen_life}}
