-- Cost by stage of every quarter up to the reported one.
SELECT model_id, quarter, quarter_start, stage, cost, cost_to_date, share, share_to_date
FROM cost_by_stage_to_date
WHERE quarter_start <= ?
ORDER BY quarter_start
