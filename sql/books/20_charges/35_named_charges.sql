-- The charges of truecost.toml that name their model: no rule is asked whose they are.
CREATE OR REPLACE VIEW books.named_charges AS
SELECT
    x_delivery_id,
    x_line,
    x_part,
    charge_period_start,
    service_category,
    service_name,
    staff_model_id AS model_id,
    staff_activity AS activity,
    'labor' AS cost_kind,
    staff_treatment AS treatment
FROM books.staff_charges
UNION ALL
SELECT
    x_delivery_id,
    x_line,
    x_part,
    charge_period_start,
    service_category,
    service_name,
    token_model_id,
    'serving',
    'inference_api',
    'expense'
FROM books.token_charges
