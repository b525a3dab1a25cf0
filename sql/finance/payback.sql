-- Live payback: what prompting would have cost on the same requests at the prices of their day, [[prompting]], beside what the model has
-- cost, month by month and added up since its first cost. Without [[prompting]] for a model it has no rows.
-- model_id: the fine-tuned model
-- month: first day of the month
-- as_of: the day
-- currency: currency of every amount in the row
-- requests: calls of the month by the request log, but for those that a gateway's own cache answered; a sample counts as all it stands for
-- unpriced_requests: those of days for which [[prompting]] names no price; they are in no cost by prompting
-- prompting_cost: what these requests would have cost by prompting
-- true_cost: what the model cost in the month, all stages
-- prompting_cost_to_date: prompting_cost of all months so far
-- true_cost_to_date: true_cost of all months so far
-- gap: prompting_cost_to_date - true_cost_to_date; below zero it has not paid back yet
-- is_paid_back: whether the gap is closed by the end of the month
-- monthly_saving: mean of prompting_cost - true_cost over the last three whole months that have requests; of the model, in every row
-- even_in: first day of the month in which the gap closes: the first it is closed in, or the one it will be at the pace of monthly_saving; of the model, in every row; NULL where it does not
-- reason: why even_in is not known
-- is_lower_bound: whether true_cost_to_date is one: then it is further from even than it looks
-- completeness: of true_cost_to_date: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
WITH priced_model AS (
    SELECT DISTINCT model_id FROM config_prompting
),

used AS (
    SELECT
        requests.model_id,
        CAST(requests.requested_at AS DATE) AS day,
        CAST(sum(config_sources.one_in) AS BIGINT) AS requests,
        CAST(sum(config_sources.one_in * coalesce(requests.input_tokens, 0)) AS BIGINT) AS input_tokens,
        CAST(sum(config_sources.one_in * coalesce(requests.output_tokens, 0)) AS BIGINT) AS output_tokens
    FROM books.requests
    INNER JOIN config_sources USING (source)
    SEMI JOIN priced_model ON requests.model_id = priced_model.model_id
    WHERE requests.status = 'current'
        AND NOT coalesce(requests.is_cache_hit, FALSE)
        AND requests.requested_at < getvariable('as_of') + INTERVAL 1 DAY
    GROUP BY ALL
),

prompted AS (
    SELECT
        used.model_id,
        CAST(date_trunc('month', used.day) AS DATE) AS month,
        used.requests,
        CASE WHEN config_prompting.model_id IS NULL THEN used.requests ELSE 0 END AS unpriced_requests,
        CAST(used.input_tokens + used.requests * config_prompting.saved_tokens AS DECIMAL(20, 0)) AS prompt_tokens,
        CAST(config_prompting.input_cost AS DECIMAL(14, 6)) AS input_cost,
        CAST(config_prompting.cached_input_cost - config_prompting.input_cost AS DECIMAL(14, 6)) AS cached_difference,
        CAST(
            prompt_tokens * input_cost AS DECIMAL(38, 6)
        ) + CAST(
            CAST(prompt_tokens * CAST(config_prompting.cached_share AS DECIMAL(7, 6)) AS DECIMAL(24, 3)) * cached_difference
            AS DECIMAL(38, 6)
        ) + CAST(
            CAST(used.output_tokens AS DECIMAL(20, 0)) * CAST(config_prompting.output_cost AS DECIMAL(14, 6)) AS DECIMAL(38, 6)
        ) AS millionths
    FROM used
    LEFT JOIN config_prompting
        ON used.model_id = config_prompting.model_id
        AND used.day >= coalesce(config_prompting.first_day, DATE '0001-01-01')
        AND used.day <= coalesce(config_prompting.last_day, DATE '9999-12-31')
),

by_month AS (
    SELECT
        model_id,
        month,
        sum(requests) AS requests,
        sum(unpriced_requests) AS unpriced_requests,
        CAST(coalesce(sum(millionths), 0) * 0.000001 AS DECIMAL(38, 12)) AS prompting_cost,
        CAST(0 AS DECIMAL(38, 20)) AS true_cost
    FROM prompted
    GROUP BY model_id, month
    UNION ALL
    SELECT
        posted.model_id,
        posted.month,
        0 AS requests,
        0 AS unpriced_requests,
        CAST(0 AS DECIMAL(38, 12)) AS prompting_cost,
        CAST(sum(posted.cost) AS DECIMAL(38, 20)) AS true_cost
    FROM books.posted
    SEMI JOIN priced_model ON posted.model_id = priced_model.model_id
    WHERE posted.cost IS NOT NULL AND posted.month <= getvariable('as_of')
    GROUP BY posted.model_id, posted.month
),

month_cost AS (
    SELECT
        model_id,
        month,
        CAST(sum(requests) AS BIGINT) AS requests,
        CAST(sum(unpriced_requests) AS BIGINT) AS unpriced_requests,
        CAST(sum(prompting_cost) AS DECIMAL(38, 12)) AS prompting_cost,
        CAST(sum(true_cost) AS DECIMAL(38, 20)) AS true_cost
    FROM by_month
    GROUP BY model_id, month
),

added AS (
    SELECT
        *,
        CAST(sum(prompting_cost) OVER so_far AS DECIMAL(38, 12)) AS prompting_cost_to_date,
        CAST(sum(true_cost) OVER so_far AS DECIMAL(38, 20)) AS true_cost_to_date,
        prompting_cost_to_date >= true_cost_to_date AS is_paid_back
    FROM month_cost
    WINDOW so_far AS (PARTITION BY model_id ORDER BY month)
),

pace AS (
    SELECT
        model_id,
        CAST(CAST(sum(prompting_cost - true_cost) AS DECIMAL(38, 6)) / count(*) AS DECIMAL(38, 6)) AS monthly_saving
    FROM (
        SELECT *
        FROM month_cost
        WHERE requests > 0 AND month + INTERVAL 1 MONTH <= getvariable('as_of')
        QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY month DESC) <= 3
    ) AS late
    GROUP BY model_id
),

ended AS (
    SELECT
        model_id,
        max(month) AS last_month,
        arg_max(is_paid_back, month) AS is_even,
        -- The month from which on it stays paid back.
        coalesce(CAST(max(month) FILTER (NOT is_paid_back) + INTERVAL 1 MONTH AS DATE), min(month)) AS even_from,
        CAST(arg_max(true_cost_to_date - prompting_cost_to_date, month) AS DOUBLE) AS missing
    FROM added
    GROUP BY model_id
),

even AS (
    SELECT
        ended.model_id,
        pace.monthly_saving,
        CASE
            WHEN is_even THEN even_from
            WHEN monthly_saving > 0 AND missing / monthly_saving < 1200
                THEN CAST(last_month + to_months(CAST(ceil(missing / monthly_saving) AS INTEGER)) AS DATE)
        END AS even_in,
        CASE
            WHEN even_in IS NOT NULL THEN NULL
            WHEN monthly_saving IS NULL THEN 'no whole month has requests'
            WHEN monthly_saving <= 0 THEN 'prompting is cheaper at the pace of the last months'
            ELSE 'it would take a century'
        END AS reason
    FROM ended
    LEFT JOIN pace USING (model_id)
)

SELECT
    added.model_id,
    added.month,
    CAST(getvariable('as_of') AS DATE) AS as_of,
    getvariable('reporting_currency') AS currency,
    added.requests,
    added.unpriced_requests,
    CAST(added.prompting_cost AS DECIMAL(38, 20)) AS prompting_cost,
    added.true_cost,
    CAST(added.prompting_cost_to_date AS DECIMAL(38, 20)) AS prompting_cost_to_date,
    added.true_cost_to_date,
    CAST(added.prompting_cost_to_date - added.true_cost_to_date AS DECIMAL(38, 20)) AS gap,
    added.is_paid_back,
    CAST(even.monthly_saving AS DECIMAL(38, 20)) AS monthly_saving,
    even.even_in,
    even.reason,
    is_too_low(coalesce(so_far.completeness, 'complete')) AS is_lower_bound,
    coalesce(so_far.completeness, 'complete') AS completeness
FROM added
INNER JOIN even USING (model_id)
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON added.model_id = so_far.model_id AND added.month >= so_far.quarter_start
ORDER BY added.model_id, added.month
