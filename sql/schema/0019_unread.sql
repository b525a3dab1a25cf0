-- What could be read of a quarantined row all the same, by our names, and the days it is of.
ALTER TABLE log.quarantine ADD COLUMN read_json VARCHAR;
ALTER TABLE log.quarantine ADD COLUMN first_day DATE;
ALTER TABLE log.quarantine ADD COLUMN last_day DATE;
