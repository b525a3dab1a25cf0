-- The planned cost that one draw in five exceeds: what a careful budget is set at.
ALTER TABLE outlook.projection ADD COLUMN planned_p80 DECIMAL(38, 20);
