-- What [[budgets]] says: a row a budget. NULL for the model or the stage: all of them.
CREATE OR REPLACE TEMP TABLE config_budgets (
    name VARCHAR,
    model_id VARCHAR,
    stage VARCHAR,
    per VARCHAR,
    amount DECIMAL(38, 20)
)
