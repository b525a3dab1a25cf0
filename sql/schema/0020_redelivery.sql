-- What a delivery says of each slot, day by day, so that a set that replaces another can be compared with it; the run of an
-- export that a file is a part of, as its manifest tells it; and why a run was not let in yet.
CREATE TABLE log.slot_totals (
    delivery_id INTEGER,
    slot_no INTEGER,
    day DATE,
    service VARCHAR,
    currency VARCHAR,
    rows BIGINT,
    billed_cost DECIMAL(38, 20),
    effective_cost DECIMAL(38, 20)
);

ALTER TABLE log.deliveries ADD COLUMN run_export VARCHAR;
ALTER TABLE log.deliveries ADD COLUMN covers_from DATE;
ALTER TABLE log.deliveries ADD COLUMN covers_until DATE;
ALTER TABLE log.deliveries ADD COLUMN held_because VARCHAR;
ALTER TABLE log.claims ADD COLUMN accounts VARCHAR[];
