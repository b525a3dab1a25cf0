-- Rate cards: text -> typed. The price of a CPU hour is that of the type `cpu`. `valid_to` is the last day a price holds; without one it holds until the next.
WITH read AS NOT MATERIALIZED (
    SELECT
        * REPLACE (
            coalesce(gpu_type, CASE WHEN price_per_cpu_hour IS NOT NULL THEN 'cpu' END) AS gpu_type,
            coalesce(price_per_gpu_hour, price_per_cpu_hour) AS price_per_gpu_hour
        ),
        lower(trim(coalesce(gpu_type, 'cpu'))) <> 'cpu' OR price_per_gpu_hour IS NOT NULL AS is_of_gpus,
        CAST(parse_time(valid_from, 'UTC') AS DATE) AS first_day,
        CAST(parse_time(valid_to, 'UTC') AS DATE) AS last_day
    FROM raw
)

SELECT
    lower(trim(gpu_type)) AS gpu_type,
    parse_amount(price_per_gpu_hour) AS price_per_gpu_hour,
    coalesce(currency, getvariable('source_currency')) AS currency,
    first_day AS valid_from,
    last_day AS valid_to,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        gpu_type := CASE WHEN gpu_type IS NULL THEN 'missing' ELSE 'ok' END,
        price_per_gpu_hour := CASE
            WHEN is_of_gpus AND price_per_cpu_hour IS NOT NULL THEN 'two_prices'
            WHEN parse_amount(price_per_gpu_hour) < 0 THEN 'negative'
            WHEN parse_amount(price_per_gpu_hour) >= 100000 THEN 'out_of_range'
            ELSE amount_state(price_per_gpu_hour)
        END,
        currency := currency_state(coalesce(currency, getvariable('source_currency'))),
        valid_from := time_state(valid_from, first_day),
        valid_to := CASE
            WHEN valid_to IS NULL THEN 'ok'
            WHEN last_day < first_day THEN 'ends_before_it_starts'
            ELSE time_state(valid_to, last_day)
        END
    ) AS checks
FROM read
