-- A file may be one page of several: when its first period begins and, where it says that more follow, when the next
-- page must begin. Loading fills both in again.

ALTER TABLE log.deliveries ADD COLUMN begins_at TIMESTAMP;
ALTER TABLE log.deliveries ADD COLUMN continues_at TIMESTAMP;
