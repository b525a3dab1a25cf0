-- A signal says what moved in the column's own terms, since when, and which change that is known explains it.
ALTER TABLE outlook.drift_signals ADD COLUMN change DOUBLE;
ALTER TABLE outlook.drift_signals ADD COLUMN smallest DOUBLE;
ALTER TABLE outlook.drift_signals ADD COLUMN detail VARCHAR;
ALTER TABLE outlook.drift_signals ADD COLUMN since TIMESTAMP;
