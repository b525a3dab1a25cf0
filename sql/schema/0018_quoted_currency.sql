-- The one currency that a row of rates is of; NULL where a row is a whole day. Loading fills it in.
ALTER TABLE ledger.fx_rates ADD COLUMN quoted VARCHAR;
