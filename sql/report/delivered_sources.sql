-- The sources that have brought a file.
SELECT DISTINCT source FROM log.deliveries
