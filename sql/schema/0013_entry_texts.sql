-- The text that staff time without a start is known by. Loading fills it in again.
ALTER TABLE ledger.worklogs ADD COLUMN key_text VARCHAR;
