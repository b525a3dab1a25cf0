-- Usage without a price: GPU hours by type, CPU hours and staff time by source; and jobs that name nothing that could be priced.
SELECT
    source,
    'gpu_hours' AS form,
    coalesce(sku_id, 'unknown') AS priced_by,
    CAST(min(charge_period_start) AS DATE) AS first_day,
    CAST(max(charge_period_end) AS DATE) AS last_day,
    CAST(round(sum(consumed_quantity), 2) AS DECIMAL(18, 2)) AS hours
FROM books.job_charges
ANTI JOIN (SELECT x_delivery_id, x_line, x_part FROM books.costs WHERE is_covered) AS covered USING (x_delivery_id, x_line, x_part)
WHERE effective_cost IS NULL
GROUP BY source, sku_id
UNION ALL
SELECT
    source,
    'staff_time',
    string_agg(role || ' ' || CAST(hours AS DECIMAL(18, 2)) || ' h', ', ' ORDER BY role),
    min(first_day),
    max(last_day),
    CAST(sum(hours) AS DECIMAL(18, 2))
FROM (
    SELECT
        source,
        coalesce(sku_id, 'without a role') AS role,
        CAST(min(charge_period_start) AS DATE) AS first_day,
        CAST(max(charge_period_start) AS DATE) AS last_day,
        sum(consumed_quantity) AS hours
    FROM books.labor_charges
    WHERE effective_cost IS NULL
    GROUP BY source, sku_id
) AS unpriced_roles
GROUP BY source
UNION ALL
SELECT
    source,
    CASE WHEN consumed_quantity IS NULL THEN 'nothing_named' ELSE 'cpu_hours' END,
    CAST(count(DISTINCT row(x_delivery_id, x_line)) AS VARCHAR),
    CAST(min(charge_period_start) AS DATE),
    CAST(max(charge_period_end) AS DATE),
    CAST(round(sum(coalesce(consumed_quantity, 0)), 2) AS DECIMAL(18, 2))
FROM books.cpu_charges
WHERE effective_cost IS NULL
GROUP BY source, consumed_quantity IS NULL
