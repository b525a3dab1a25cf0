-- A file with more bad rows than are kept in full says of the others how many they are.
ALTER TABLE log.quarantine ADD COLUMN rows BIGINT DEFAULT 1;
