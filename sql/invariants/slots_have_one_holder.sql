-- Nothing doubled: at most one set is current for a slot.
SELECT
    slot AS subject,
    'the sets ' || string_agg(DISTINCT set_name, ', ' ORDER BY set_name) || ' are all current' AS fault
FROM books.claims
WHERE status = 'current'
GROUP BY CASE WHEN dataset = 'invoices' THEN 'invoices' ELSE source END, slot
HAVING count(DISTINCT set_name) > 1
