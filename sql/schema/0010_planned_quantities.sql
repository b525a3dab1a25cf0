-- What the plans' items that name a unit come to: how much of it a stage was to take in a quarter, and the mean cost.

-- `sku` is NULL where an item does not say what it is sold as.
CREATE TABLE outlook.planned_quantities (
    model_id VARCHAR,
    quarter VARCHAR,
    stage VARCHAR,
    unit VARCHAR,
    sku VARCHAR,
    currency VARCHAR,
    planned_quantity DECIMAL(38, 6),
    planned_cost DECIMAL(38, 20)
);
