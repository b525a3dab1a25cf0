-- The most frequent values of each column in $names, at most $most of each.
SELECT name, list(value ORDER BY value)
FROM (
    SELECT name, value
    FROM drift_probe
    WHERE list_contains($names, name)
    GROUP BY name, value
    QUALIFY row_number() OVER (PARTITION BY name ORDER BY count(*) DESC, value) <= $most
)
GROUP BY name
