-- The sources that have brought a file, as last published.
SELECT DISTINCT source FROM deliveries
