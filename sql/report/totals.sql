-- The newest total up to the reported quarter: the quarter's own, or, where it has no cost of anyone's, that of the last one with costs.
SELECT *
FROM totals
WHERE quarter_start <= ?
ORDER BY quarter_start DESC
LIMIT 1
