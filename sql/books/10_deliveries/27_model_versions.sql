-- Versions of a model registry, as last told and as told before; `is_promoted` where they stood in Production, or under one of
-- the source's `promoted_aliases`.
CREATE OR REPLACE TABLE books.model_versions AS
SELECT
    registered_versions.*,
    coalesce(lower(registered_versions.stage) = 'production', FALSE)
    OR list_has_any(registered_versions.aliases, config_sources.promoted_aliases) AS is_promoted
FROM books.registered_versions
INNER JOIN config_sources USING (source)
