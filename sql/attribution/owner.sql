-- Whose a charge is, as attributed; which closed quarter it is of, and which close it was settled with: rules that are written
-- later are not for what a close saw.
SELECT
    charges.source,
    charges.charge_period_start,
    attribution.x_delivery_id,
    attribution.model_id,
    attribution.activity,
    attribution.stage,
    attribution.cost_kind,
    attribution.run_id,
    attribution.is_contested,
    attribution.overlapping_run_ids,
    attribution.rule_no,
    (
        SELECT min_by(closes.quarter, closes.quarter_end)
        FROM books.closes
        WHERE charges.charge_period_start < closes.quarter_end
    ) AS closed_quarter,
    (
        SELECT min_by(closes.quarter, closes.quarter_end)
        FROM books.closes
        WHERE charges.charge_period_start < closes.quarter_end AND attribution.x_delivery_id <= closes.last_delivery_id
    ) AS settled_with
FROM books.attribution
INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
WHERE attribution.x_delivery_id = $delivery_id AND attribution.x_line = $line AND attribution.x_part = $part
