-- Every quarter that has a cost in the published views.
SELECT DISTINCT quarter
FROM true_cost_by_quarter
ORDER BY quarter
