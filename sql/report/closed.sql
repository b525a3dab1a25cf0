-- The version in which a quarter stands closed.
SELECT 'closed' AS status, version
FROM closes
WHERE quarter = ? AND reopened_at IS NULL
