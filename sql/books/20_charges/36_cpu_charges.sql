-- CPU hours of jobs that have no GPU, as charges: one per job and UTC day, at the rate card's price of a CPU hour (`cpu`). Without a
-- price they are charges only where someone says that they count: a rule or a run claims them, or [[expected]] asks for their source.
-- Then they stay unpriced (effective cost NULL), a fault to mend; of a job that names no CPUs either, the hours are not known.
CREATE OR REPLACE TABLE books.cpu_charges AS
WITH job AS (
    SELECT *, started_at + to_seconds(elapsed_seconds) AS stopped_at
    FROM books.jobs
    WHERE status = 'current' AND gpus = 0 AND elapsed_seconds > 0
),

day AS (
    SELECT
        *,
        unnest(generate_series(date_trunc('day', started_at), stopped_at - INTERVAL 1 MICROSECOND, INTERVAL 1 DAY)) AS day_start
    FROM job
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
    SELECT need.used_on, rates.price_per_gpu_hour AS price_per_cpu_hour, rates.currency
    FROM (SELECT DISTINCT used_on FROM job_day) AS need
    INNER JOIN books.rates
        ON rates.status = 'current'
        AND rates.gpu_type = 'cpu'
        AND need.used_on >= rates.valid_from
        AND need.used_on <= coalesce(rates.valid_to, DATE '9999-12-31')
    QUALIFY row_number() OVER (
        PARTITION BY need.used_on
        ORDER BY rates.valid_from DESC, rates.currency <> getvariable('reporting_currency'), rates.currency
    ) = 1
),

charge AS (
    SELECT
        job_day.source,
        job_day.x_delivery_id,
        job_day.x_line,
        CAST(row_number() OVER (PARTITION BY job_day.x_delivery_id, job_day.x_line ORDER BY used_from) AS INTEGER) - 1 AS x_part,
        'Slurm' AS provider_name,
        'Usage' AS charge_category,
        'Compute' AS service_category,
        'Slurm' AS service_name,
        'CPU hours of job ' || job_id || coalesce(' (' || job_name || ')', '') AS charge_description,
        used_from AS charge_period_start,
        used_until AS charge_period_end,
        account AS sub_account_id,
        job_id AS resource_id,
        job_name AS resource_name,
        'Slurm job' AS resource_type,
        'cpu' AS sku_id,
        from_units(divide_half_even(
            CAST(100000000000000000000 AS HUGEINT) * job_day.cpus * date_diff('second', used_from, used_until), 3600
        )) AS consumed_quantity,
        'CPU-Hours' AS consumed_unit,
        CASE WHEN job_day.cpus IS NOT NULL THEN price.currency END AS billing_currency,
        CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
        from_units(divide_half_even(
            to_units(price.price_per_cpu_hour) * job_day.cpus * date_diff('second', used_from, used_until), 3600
        )) AS effective_cost,
        price.price_per_cpu_hour AS list_unit_price,
        CAST(to_json({
            'account': account, 'user': user_name, 'partition': "partition", 'qos': qos, 'cluster': cluster,
            'job_name': job_name, 'state': state
        }) AS VARCHAR) AS tags
    FROM job_day
    LEFT JOIN price USING (used_on)
),

-- What a rule may read of a charge.
readable AS (
    SELECT * EXCLUDE (x_slot_no), CAST(NULL AS VARCHAR) AS source FROM ledger.charges WHERE FALSE
    UNION ALL BY NAME
    SELECT * FROM charge
),

claimed AS (
    SELECT x_delivery_id, x_line, x_part
    FROM (SELECT * {{rule_subjects}} FROM readable)
    WHERE {{rule_number}} IS NOT NULL
),

named_by_run AS (
    SELECT regexp_extract(unnest(job_ids), '[^/]*$') AS job_id
    FROM books.run_versions
    SEMI JOIN config_models USING (model_id)
    WHERE status = 'current'
)

SELECT *
FROM charge
WHERE effective_cost IS NOT NULL
    OR source IN (SELECT source FROM config_expected)
    OR (x_delivery_id, x_line, x_part) IN (SELECT (x_delivery_id, x_line, x_part) FROM claimed)
    OR resource_id IN (SELECT job_id FROM named_by_run)
    OR regexp_replace(resource_id, '[_+].*$', '') IN (SELECT job_id FROM named_by_run)
