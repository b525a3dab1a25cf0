-- What a plan with a [lifecycle] promised beside its cost, and what came: when production begins, how many requests a month, how many input
-- tokens each, and the share of answers that is accepted (as [decision] has it). A month that has not ended is not judged.
-- model_id: the fine-tuned model
-- promise: production, requests, input_tokens or accepted
-- month: of production, the month it was to begin in; else the month the promise is of; its first day
-- as_of: the day
-- low: the plan's P10; NULL for production and accepted
-- promised: the plan's P50, of accepted the share it names; NULL for production
-- high: the plan's P90; NULL for production and accepted
-- came: requests of the month by the request log (a sample counts as all it stands for); their mean input tokens; of accepted, the score at the end of the month, as in `unit_economics`. NULL for production, without requests to take a mean of, and without a score that is a share of answers
-- came_in: for production, first day of the month of the first promotion; NULL while there is none
-- state: kept; below or above what the plan has between P10 and P90, of accepted what it names by more than the score's 95 % interval; late; to_come
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

scored AS (
    SELECT
        month_scores.model_id,
        month_scores.month,
        round(month_scores.latest_score / headlines.whole, 9) AS accepted,
        CASE
            WHEN latest_stderr IS NOT NULL THEN accepted - 1.9599640 * latest_stderr / headlines.whole
            WHEN latest_n IS NOT NULL THEN wilson(accepted, latest_n, -1)
            ELSE accepted
        END AS accepted_low,
        CASE
            WHEN latest_stderr IS NOT NULL THEN accepted + 1.9599640 * latest_stderr / headlines.whole
            WHEN latest_n IS NOT NULL THEN wilson(accepted, latest_n, 1)
            ELSE accepted
        END AS accepted_high
    FROM books.month_scores
    INNER JOIN books.headlines ON month_scores.model_id = headlines.model_id
    WHERE headlines.whole IS NOT NULL
),

held AS (
    SELECT
        promises.*,
        CASE promises.promise
            WHEN 'requests' THEN coalesce(logged.requests, 0)
            WHEN 'input_tokens' THEN logged.input_tokens
            WHEN 'accepted' THEN scored.accepted
        END AS came,
        scored.accepted_low,
        scored.accepted_high,
        CASE WHEN promises.promise = 'production' THEN promoted.month END AS came_in,
        promises.month + INTERVAL 1 MONTH <= getvariable('as_of') AS has_ended
    FROM outlook.promises
    LEFT JOIN logged
        ON promises.model_id = logged.model_id AND promises.month = logged.month
    LEFT JOIN promoted ON promises.model_id = promoted.model_id
    ASOF LEFT JOIN scored
        ON promises.model_id = scored.model_id AND promises.month >= scored.month
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
        WHEN came < low OR (promise = 'accepted' AND accepted_high < promised) THEN 'below'
        WHEN came > high OR (promise = 'accepted' AND accepted_low > promised) THEN 'above'
        ELSE 'kept'
    END AS state
FROM held
ORDER BY model_id, list_position(['production', 'requests', 'input_tokens', 'accepted'], promise), month
