-- A claim says which billing period it is for, and whether rows of its invoice are quarantined: loading fills both in again.

ALTER TABLE log.claims ADD COLUMN period VARCHAR;
ALTER TABLE log.claims ADD COLUMN is_incomplete BOOLEAN;
