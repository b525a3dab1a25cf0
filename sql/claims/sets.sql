-- The files of each set, by what they hold: what a decision on a set is known by, whatever number it has.
SELECT
    source,
    set_name,
    set_version,
    list([file, sha256] ORDER BY file) AS files
FROM log.deliveries
GROUP BY source, set_name, set_version
ORDER BY set_version
