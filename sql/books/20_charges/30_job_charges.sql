-- GPU hours as charges: one per job, GPU type and UTC day, at that day's price. A day without a price stays unpriced
-- (effective cost NULL): a fault to mend, never a zero.
CREATE OR REPLACE TABLE books.job_charges AS
WITH piece AS (
    SELECT
        jobs.*,
        started_at + to_seconds(elapsed_seconds) AS stopped_at,
        unnest(gpu_types) AS gpu
    FROM books.jobs
    WHERE status = 'current' AND gpus > 0 AND elapsed_seconds > 0
),

day AS (
    SELECT
        *,
        unnest(generate_series(date_trunc('day', started_at), stopped_at - INTERVAL 1 MICROSECOND, INTERVAL 1 DAY)) AS day_start
    FROM piece
),

job_day AS (
    SELECT
        * EXCLUDE (day_start),
        CAST(day_start AS DATE) AS used_on,
        greatest(day_start, started_at) AS used_from,
        least(day_start + INTERVAL 1 DAY, stopped_at) AS used_until
    FROM day
),

price AS (
    SELECT
        need.gpu_type,
        need.used_on,
        rates.price_per_gpu_hour,
        rates.currency
    FROM (SELECT DISTINCT gpu.gpu_type, used_on FROM job_day) AS need
    INNER JOIN books.rates
        ON rates.status = 'current'
        AND rates.gpu_type IN (need.gpu_type, '*')
        AND need.used_on >= rates.valid_from
        AND need.used_on <= coalesce(rates.valid_to, DATE '9999-12-31')
    QUALIFY row_number() OVER (
        PARTITION BY need.gpu_type, need.used_on
        ORDER BY
            rates.gpu_type = '*',
            rates.valid_from DESC,
            rates.currency <> getvariable('reporting_currency'),
            rates.currency
    ) = 1
)

SELECT
    job_day.source,
    job_day.x_delivery_id,
    job_day.x_line,
    CAST(row_number() OVER (
        PARTITION BY job_day.x_delivery_id, job_day.x_line ORDER BY used_from, job_day.gpu.gpu_type
    ) AS INTEGER) - 1 AS x_part,
    'Slurm' AS provider_name,
    'Usage' AS charge_category,
    'Compute' AS service_category,
    'Slurm' AS service_name,
    'GPU hours of job ' || job_id || coalesce(' (' || job_name || ')', '') AS charge_description,
    used_from AS charge_period_start,
    used_until AS charge_period_end,
    account AS sub_account_id,
    job_id AS resource_id,
    job_name AS resource_name,
    'Slurm job' AS resource_type,
    job_day.gpu.gpu_type AS sku_id,
    from_units(divide_half_even(
        CAST(100000000000000000000 AS HUGEINT) * job_day.gpu.gpus * date_diff('second', used_from, used_until), 3600
    )) AS consumed_quantity,
    'GPU-Hours' AS consumed_unit,
    price.currency AS billing_currency,
    CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
    from_units(divide_half_even(
        to_units(price.price_per_gpu_hour) * job_day.gpu.gpus * date_diff('second', used_from, used_until), 3600
    )) AS effective_cost,
    price.price_per_gpu_hour AS list_unit_price,
    CAST(to_json({
        'account': account, 'user': user_name, 'partition': "partition", 'qos': qos, 'cluster': cluster,
        'job_name': job_name, 'state': state, 'gpu_source': gpu_source
    }) AS VARCHAR) AS tags
FROM job_day
LEFT JOIN price
    ON job_day.gpu.gpu_type IS NOT DISTINCT FROM price.gpu_type
    AND job_day.used_on = price.used_on
