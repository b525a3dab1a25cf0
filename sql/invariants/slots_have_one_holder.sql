-- Nothing doubled: at most one set is current for a slot, but for runs of an export that are of other days, and files that hold
-- only what changed.
WITH speaker AS (
    SELECT DISTINCT
        CASE WHEN dataset = 'invoices' THEN 'invoices' ELSE source END AS realm,
        slot,
        set_name,
        coalesce(covers_from, DATE '0001-01-01') AS covers_from,
        coalesce(covers_until, DATE '9999-12-31') AS covers_until
    FROM books.claims
    WHERE status = 'current' AND NOT is_merged
)

SELECT
    one.slot AS subject,
    'the sets ' || one.set_name || ' and ' || other.set_name || ' are both current' AS fault
FROM speaker AS one
INNER JOIN speaker AS other
    ON one.realm = other.realm
    AND one.slot = other.slot
    AND one.set_name < other.set_name
    AND one.covers_from <= other.covers_until
    AND other.covers_from <= one.covers_until
