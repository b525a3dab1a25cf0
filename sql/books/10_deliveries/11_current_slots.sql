-- The slots that count, as a table of their own: the planner knows how many there are, and so which side of a join is the
-- smaller one. Of a filter on the claims it takes a guess.
CREATE OR REPLACE TABLE books.current_slots AS
SELECT delivery_id, slot_no, source
FROM books.claims
WHERE status = 'current'
