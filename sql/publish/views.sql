-- The published views, and what each is.
SELECT
    view_name,
    coalesce(comment, '') AS about
FROM duckdb_views()
WHERE schema_name = 'finance'
ORDER BY view_name
