-- Cost by stage of every quarter up to the reported one.
SELECT cost_by_stage.*
FROM cost_by_stage
SEMI JOIN (SELECT quarter FROM true_cost_by_quarter WHERE quarter_start <= ?) AS so_far USING (quarter)
