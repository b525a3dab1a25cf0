-- Cost by kind of every quarter up to the reported one.
SELECT model_id, quarter, quarter_start, cost_kind, cost, cost_to_date
FROM cost_by_kind_to_date
WHERE quarter_start <= ?
ORDER BY quarter_start
