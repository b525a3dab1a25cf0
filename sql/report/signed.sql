-- Every close of a quarter ($1): who approved what, and why it was reopened.
SELECT version, closed_at, approver, accepted, accepted_because, found, content_hash, reopened_at, reopened_by, reopened_because
FROM closes
WHERE quarter = $1
ORDER BY version
