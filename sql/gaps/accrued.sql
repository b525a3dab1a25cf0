-- Usage that stands at a price list until its bill comes: GPU hours by source and month, tokens by model and month.
WITH accrued AS (
    SELECT
        costs.*,
        CAST(job_charges.consumed_quantity AS DOUBLE) * coalesce(1 - covered.covered_parts / covered.all_parts, 1) AS gpu_hours
    FROM books.costs
    LEFT JOIN books.job_charges USING (x_delivery_id, x_line, x_part)
    LEFT JOIN books.covered USING (x_delivery_id, x_line, x_part)
    WHERE costs.is_accrued AND (costs.source = '[[token_rates]]' OR job_charges.x_delivery_id IS NOT NULL)
),

told AS (
    SELECT
        source,
        source = '[[token_rates]]' AS is_of_tokens,
        month,
        quarter,
        model_id,
        count(*) AS pieces,
        sum(gpu_hours) AS gpu_hours,
        sum(cost) AS cost
    FROM accrued
    GROUP BY ALL
)

SELECT
    CASE WHEN is_of_tokens THEN 'requests of ' || model_id ELSE source END AS source,
    CASE WHEN is_of_tokens THEN 'tokens' ELSE 'hours' END AS form,
    model_id,
    model_id IS NULL AS is_unclaimed,
    quarter,
    pieces,
    TRUE AS is_cost,
    FALSE AS is_lower_bound,
    strftime(month, '%Y-%m') AS month,
    CASE WHEN NOT is_of_tokens THEN CAST(sum(gpu_hours) OVER one AS DECIMAL(18, 2)) END AS hours,
    CASE WHEN is_of_tokens THEN sum(pieces) OVER one END AS days,
    in_money(sum(cost) OVER one, getvariable('reporting_currency')) AS amounts
FROM told
WINDOW one AS (PARTITION BY source, month, CASE WHEN is_of_tokens THEN model_id END)
