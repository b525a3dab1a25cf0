-- The charges behind `gpu_use`, in the currency of the bills; what each provides or uses says why it is listed.
SELECT
    x_charge_id,
    coverage,
    gpu_type,
    resource_id,
    first_day AS day,
    cost,
    idle_cost,
    currency,
    CAST(NULL AS VARCHAR) AS stage,
    concat_ws(
        ', ',
        'provides ' || round(capacity_gpu_seconds / 3600, 6) || ' GPU hours',
        'uses ' || round(used_gpu_seconds / 3600, 6) || ' GPU hours'
    ) AS reason
FROM gpu_use_charges
