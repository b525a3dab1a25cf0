-- Usage without a price: GPU hours by type, CPU hours and staff time by source; and jobs that name nothing that could be priced.
WITH covered AS (
    SELECT x_delivery_id, x_line, x_part FROM books.costs WHERE is_covered
),

unpriced AS (
    SELECT
        *,
        'gpu_hours' AS form,
        coalesce(sku_id, 'unknown') AS priced_by
    FROM books.job_charges
    ANTI JOIN covered USING (x_delivery_id, x_line, x_part)
    WHERE effective_cost IS NULL
    UNION ALL BY NAME
    SELECT
        *,
        'staff_time' AS form,
        coalesce(sku_id, 'without a role') AS priced_by
    FROM books.labor_charges
    WHERE effective_cost IS NULL
    UNION ALL BY NAME
    SELECT
        *,
        CASE WHEN consumed_quantity IS NULL THEN 'nothing_named' ELSE 'cpu_hours' END AS form,
        'jobs' AS priced_by
    FROM books.cpu_charges
    WHERE effective_cost IS NULL
),

owner AS (
    SELECT x_delivery_id, x_line, x_part, any_value(model_id) AS model_id, any_value(quarter) AS quarter
    FROM books.costs
    WHERE cost IS NULL
    GROUP BY ALL
),

by_price AS (
    SELECT
        source,
        form,
        priced_by,
        sum(consumed_quantity) AS hours,
        count(DISTINCT row(x_delivery_id, x_line)) AS records,
        min(charge_period_start) AS first_at,
        max(CASE WHEN form = 'staff_time' THEN charge_period_start ELSE charge_period_end END) AS last_at
    FROM unpriced
    GROUP BY ALL
),

-- A sentence tells of one type of GPU, or of all the roles of a source.
sentence AS (
    SELECT
        source,
        form,
        CASE WHEN form = 'gpu_hours' THEN priced_by END AS gpu_type,
        CASE form
            WHEN 'gpu_hours' THEN any_value(priced_by)
            WHEN 'staff_time' THEN string_agg(priced_by || ' ' || CAST(hours AS DECIMAL(18, 2)) || ' h', ', ' ORDER BY priced_by)
            ELSE CAST(sum(records) AS VARCHAR)
        END AS priced_by,
        CAST(min(first_at) AS DATE) AS first_day,
        CAST(max(last_at) AS DATE) AS last_day,
        CAST(round(sum(coalesce(hours, 0)), 2) AS DECIMAL(18, 2)) AS hours
    FROM by_price
    GROUP BY source, form, CASE WHEN form = 'gpu_hours' THEN priced_by END
),

owned AS (
    SELECT
        unpriced.source,
        unpriced.form,
        CASE WHEN unpriced.form = 'gpu_hours' THEN unpriced.priced_by END AS gpu_type,
        owner.model_id,
        owner.quarter,
        count(*) AS pieces
    FROM unpriced
    LEFT JOIN owner USING (x_delivery_id, x_line, x_part)
    GROUP BY ALL
)

SELECT
    sentence.* EXCLUDE (gpu_type),
    owned.model_id,
    owned.model_id IS NULL AND owned.quarter IS NOT NULL AS is_unclaimed,
    owned.quarter,
    owned.pieces,
    TRUE AS is_cost,
    TRUE AS is_lower_bound
FROM sentence
INNER JOIN owned
    ON sentence.source = owned.source
    AND sentence.form = owned.form
    AND sentence.gpu_type IS NOT DISTINCT FROM owned.gpu_type
