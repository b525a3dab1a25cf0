-- What a plan with a [lifecycle] promised beside its cost, and what came: when production begins, how many requests a month, how many input
-- tokens each. A month that has not ended is not judged.
-- model_id: the fine-tuned model
-- promise: production, requests or input_tokens
-- month: of production, the month it was to begin in; else the month the promise is of; its first day
-- as_of: the day
-- low: the plan's P10; NULL for production
-- promised: the plan's P50; NULL for production
-- high: the plan's P90; NULL for production
-- came: requests of the month by the request log (a sample counts as all it stands for), or their mean input tokens; NULL for production, and without requests to take a mean of
-- came_in: for production, first day of the month of the first promotion; NULL while there is none
-- state: kept; below or above what the plan has between P10 and P90; late; to_come
WITH logged AS (
    SELECT
        requests.model_id,
        CAST(date_trunc('month', requests.requested_at) AS DATE) AS month,
        CAST(sum(config_sources.one_in) AS DOUBLE) AS requests,
        CAST(sum(config_sources.one_in * requests.input_tokens) AS DOUBLE)
        / nullif(sum(config_sources.one_in) FILTER (requests.input_tokens IS NOT NULL), 0) AS input_tokens
    FROM books.requests
    INNER JOIN config_sources USING (source)
    WHERE requests.status = 'current' AND requests.requested_at < getvariable('as_of') + INTERVAL 1 DAY
    GROUP BY ALL
),

promoted AS (
    SELECT model_id, CAST(date_trunc('month', min(decided_at)) AS DATE) AS month
    FROM books.training_runs
    WHERE outcome = 'promoted' AND decided_at < getvariable('as_of') + INTERVAL 1 DAY
    GROUP BY model_id
),

held AS (
    SELECT
        promises.*,
        CASE promises.promise
            WHEN 'requests' THEN coalesce(logged.requests, 0)
            WHEN 'input_tokens' THEN logged.input_tokens
        END AS came,
        CASE WHEN promises.promise = 'production' THEN promoted.month END AS came_in,
        promises.month + INTERVAL 1 MONTH <= getvariable('as_of') AS has_ended
    FROM outlook.promises
    LEFT JOIN logged
        ON promises.model_id = logged.model_id AND promises.month = logged.month
    LEFT JOIN promoted ON promises.model_id = promoted.model_id
)

SELECT
    model_id,
    promise,
    month,
    CAST(getvariable('as_of') AS DATE) AS as_of,
    low,
    middle AS promised,
    high,
    CASE WHEN has_ended THEN came END AS came,
    came_in,
    CASE
        WHEN promise = 'production' AND came_in <= month THEN 'kept'
        WHEN promise = 'production' AND (came_in > month OR has_ended) THEN 'late'
        WHEN promise = 'production' OR NOT has_ended OR came IS NULL THEN 'to_come'
        WHEN came < low THEN 'below'
        WHEN came > high THEN 'above'
        ELSE 'kept'
    END AS state
FROM held
ORDER BY model_id, promise = 'input_tokens', promise = 'requests', month
