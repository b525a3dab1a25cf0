-- What each model used of what [[allocations]] share, measured over the charge's own period (its UTC day where it has no
-- length). GPU hours follow the activity of the usage; requests, tokens and busy GPU seconds are serving.
CREATE OR REPLACE TABLE books.drivers AS
WITH period AS (
    SELECT DISTINCT
        allocation_no,
        charge_period_start,
        charge_period_end,
        CASE WHEN charge_period_end > charge_period_start THEN charge_period_start ELSE CAST(first_day AS TIMESTAMP) END AS from_time,
        CASE WHEN charge_period_end > charge_period_start THEN charge_period_end ELSE CAST(end_day AS TIMESTAMP) END AS until_time
    FROM books.shared_charges
    WHERE allocation_no IS NOT NULL
),

wanted AS (
    SELECT period.*, driver, model_id, share, activity, cost_kind
    FROM period
    INNER JOIN config_allocations USING (allocation_no)
),

request AS (
    SELECT
        requests.model_id,
        requests.requested_at,
        config_sources.one_in,
        CASE WHEN is_cache_hit THEN 0 ELSE coalesce(input_tokens, 0) + coalesce(output_tokens, 0) END AS tokens,
        CAST(round(1000 * coalesce(try_cast(json_extract_string(features, '/gpu_seconds') AS DOUBLE), 0)) AS BIGINT) AS gpu_milliseconds
    FROM books.requests
    INNER JOIN config_sources USING (source)
    WHERE status = 'current' AND model_id IN (SELECT model_id FROM config_allocations)
),

served AS (
    SELECT
        wanted.*,
        sum(
            request.one_in * CASE driver WHEN 'requests' THEN 1 WHEN 'tokens' THEN request.tokens ELSE request.gpu_milliseconds END
        ) AS weight
    FROM wanted
    INNER JOIN request
        ON wanted.model_id = request.model_id
        AND request.requested_at >= wanted.from_time
        AND request.requested_at < wanted.until_time
    WHERE driver IN ('requests', 'tokens', 'gpu_seconds')
    GROUP BY ALL
),

trained AS (
    SELECT
        wanted.* EXCLUDE (activity),
        coalesce(wanted.activity, attribution.activity) AS activity,
        attribution.run_id,
        attribution.round,
        -- GPUs, by the seconds of the job that fall in the period.
        sum(
            divide_half_even(to_units(job_charges.consumed_quantity) * 3600, CAST(100000000000000000000 AS HUGEINT))
            // date_diff('second', job_charges.charge_period_start, job_charges.charge_period_end)
            * date_diff(
                'second',
                greatest(job_charges.charge_period_start, wanted.from_time),
                least(job_charges.charge_period_end, wanted.until_time)
            )
        ) AS weight
    FROM wanted
    INNER JOIN books.attribution USING (model_id)
    INNER JOIN books.job_charges
        ON attribution.x_delivery_id = job_charges.x_delivery_id
        AND attribution.x_line = job_charges.x_line
        AND attribution.x_part = job_charges.x_part
        AND job_charges.charge_period_end > wanted.from_time
        AND job_charges.charge_period_start < wanted.until_time
    WHERE driver = 'gpu_hours'
    GROUP BY ALL
),

agreed AS (
    SELECT *, CAST(CASE WHEN driver = 'equal' THEN 1 ELSE 1000000 * share END AS HUGEINT) AS weight
    FROM wanted
    WHERE driver IN ('equal', 'fixed')
),

measured AS (
    SELECT * FROM served
    UNION ALL BY NAME
    SELECT * FROM trained
    UNION ALL BY NAME
    SELECT * FROM agreed
)

SELECT
    allocation_no,
    charge_period_start,
    charge_period_end,
    driver,
    model_id,
    coalesce(
        activity, CASE WHEN driver IN ('requests', 'tokens', 'gpu_seconds') THEN 'serving' ELSE 'undecided' END
    ) AS activity,
    cost_kind,
    run_id,
    round,
    weight
FROM measured
WHERE weight > 0
