-- What could be followed, by owner, with weights in 1e-8: once by resource, where a follower names it, and once by all else that a
-- follower may have in common with it.
CREATE OR REPLACE TABLE books.followed AS
WITH wanted AS (
    SELECT DISTINCT source, provider, account, month, billing_currency FROM books.followers WHERE is_unclaimed
),

wanted_resource AS (
    SELECT DISTINCT resource_id AS wanted_resource_id FROM books.followers WHERE is_unclaimed
),

charge AS (
    SELECT
        charges.x_delivery_id,
        charges.x_line,
        charges.x_part,
        wanted.*,
        charges.invoice_id,
        charges.sub_account_id,
        charges.service_name,
        wanted_resource_id AS resource_id,
        charges.billed_cost,
        charges.effective_cost,
        charges.charge_period_end > date_trunc('month', charges.charge_period_start) + INTERVAL 1 MONTH AS spans_months
    FROM books.charges
    INNER JOIN wanted
        ON charges.source = wanted.source
        AND coalesce(charges.provider_name, '') = wanted.provider
        AND coalesce(charges.billing_account_id, '') = wanted.account
        AND billing_month(charges.billing_period_start, charges.x_issued_at, charges.charge_period_start) = wanted.month
        AND charges.billing_currency = wanted.billing_currency
    LEFT JOIN wanted_resource ON charges.resource_id = wanted_resource_id
    WHERE charges.x_basis = 'billed' AND coalesce(charges.charge_category, 'Usage') IN ('Usage', 'Purchase')
),

owned AS (
    SELECT
        charge.* EXCLUDE (x_delivery_id, x_line, x_part, billed_cost, effective_cost, spans_months),
        CASE WHEN charge.spans_months THEN shares.falls_in END AS falls_in,
        CASE WHEN shares.share_no IS NULL THEN attribution.model_id ELSE shares.model_id END AS model_id,
        CASE WHEN shares.share_no IS NULL THEN attribution.activity ELSE shares.activity END AS activity,
        CASE WHEN shares.share_no IS NULL THEN attribution.round ELSE shares.round END AS round,
        CASE WHEN shares.share_no IS NULL THEN attribution.cost_kind ELSE shares.cost_kind END AS cost_kind,
        CASE WHEN shares.share_no IS NULL THEN attribution.run_id ELSE shares.run_id END AS run_id,
        coalesce(shares.is_idle, FALSE) AS is_idle,
        follow_weight(CASE WHEN shares.share_no IS NULL THEN charge.billed_cost ELSE shares.billed_cost END) AS billed_weight,
        follow_weight(CASE WHEN shares.share_no IS NULL THEN charge.effective_cost ELSE shares.effective_cost END)
            AS effective_weight
    FROM charge
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    LEFT JOIN books.shares USING (x_delivery_id, x_line, x_part)
)

SELECT
    * EXCLUDE (billed_weight, effective_weight),
    grouping(resource_id) = 0 AS is_by_resource,
    CAST(sum(billed_weight) AS HUGEINT) AS billed_weight,
    CAST(sum(effective_weight) AS HUGEINT) AS effective_weight
FROM owned
GROUP BY GROUPING SETS (
    (
        source, provider, account, month, billing_currency, resource_id,
        model_id, activity, round, cost_kind, run_id, is_idle, falls_in
    ),
    (
        source, provider, account, month, billing_currency, invoice_id, sub_account_id, service_name,
        model_id, activity, round, cost_kind, run_id, is_idle, falls_in
    )
)
HAVING grouping(resource_id) = 1 OR resource_id IS NOT NULL
