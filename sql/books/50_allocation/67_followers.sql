-- Taxes, credits and fees follow the charges they belong to: what of a [[coverage]]'s bills is no GPU hours follows its bills of the same
-- days, those of its resource where it names one that has any; a tax, credit or adjustment that no rule claims follows the charges of
-- the same source, provider, account, billing period and currency, by the first of these that finds any: resource; invoice, sub-account
-- and service; sub-account and service; service; invoice and sub-account; sub-account; invoice; the account and period as a whole. What
-- finds none is left to the rules.
CREATE OR REPLACE TABLE books.followers AS
WITH candidate AS (
    SELECT x_delivery_id, x_line, x_part, charge_category
    FROM books.charges
    WHERE x_basis = 'billed' AND charge_category IN ('Tax', 'Credit', 'Adjustment')
),

unclaimed AS (
    SELECT candidate.x_delivery_id, candidate.x_line, candidate.x_part
    FROM candidate
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    ANTI JOIN books.shares USING (x_delivery_id, x_line, x_part)
    WHERE attribution.model_id IS NULL AND attribution.rule_no IS NULL AND NOT attribution.is_contested
),

listed AS (
    SELECT x_delivery_id, x_line, x_part FROM books.shared_charges WHERE part = 'follower'
    UNION
    SELECT x_delivery_id, x_line, x_part FROM unclaimed
)

SELECT
    charges.x_delivery_id,
    charges.x_line,
    charges.x_part,
    lower(coalesce(charges.charge_category, 'Usage')) AS category,
    shared_charges.coverage_no,
    shared_charges.pool_gpu_type,
    shared_charges.first_day,
    shared_charges.end_day,
    CASE WHEN shared_charges.coverage_no IS NOT NULL THEN coalesce(charges.resource_id, charges.resource_name) END
        AS coverage_resource,
    CAST(date_trunc('month', charges.charge_period_start) AS DATE) AS first_month,
    CAST(date_trunc('month', greatest(charges.charge_period_start, charges.charge_period_end - INTERVAL 1 MICROSECOND)) AS DATE)
        AS last_month,
    unclaimed.x_delivery_id IS NOT NULL AS is_unclaimed,
    charges.source,
    coalesce(charges.provider_name, '') AS provider,
    coalesce(charges.billing_account_id, '') AS account,
    billing_month(charges.billing_period_start, charges.x_issued_at, charges.charge_period_start) AS month,
    charges.billing_currency,
    charges.invoice_id,
    charges.sub_account_id,
    charges.service_name,
    charges.resource_id,
    charges.billed_cost,
    charges.effective_cost
FROM books.charges
INNER JOIN listed USING (x_delivery_id, x_line, x_part)
LEFT JOIN unclaimed USING (x_delivery_id, x_line, x_part)
LEFT JOIN books.shared_charges
    ON charges.x_delivery_id = shared_charges.x_delivery_id
    AND charges.x_line = shared_charges.x_line
    AND charges.x_part = shared_charges.x_part
    AND shared_charges.part = 'follower'
