-- Whether a quarter is closed, and which version its figures are.
SELECT DISTINCT status, version
FROM true_cost_by_quarter
WHERE quarter = ?
