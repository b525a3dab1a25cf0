-- Whose a charge is, as attributed.
SELECT
    charges.source,
    attribution.model_id,
    attribution.activity,
    attribution.stage,
    attribution.cost_kind,
    attribution.run_id,
    attribution.rule_no AS rule_position
FROM books.attribution
INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
WHERE x_delivery_id || ':' || x_line || ':' || x_part = ?
