-- What was decided of whether to fine-tune, and what came: the cost that was expected by the end of the last whole month, beside
-- what was spent by then.
-- model_id: the model
-- decided_at: when, UTC
-- decided_by: who decided
-- reason: why, in their words
-- verdict: prompt, retrieve, fine_tune_managed, fine_tune_lora, fine_tune_full or wait
-- option: the option that the verdict means, or that waits
-- waits_for: what had to be shown first
-- currency: currency of every amount in the row
-- month: the last whole month that was expected; NULL before the first has ended
-- expected_p10: what the option was to have cost by its end, at the 10th percentile
-- expected_p50: at the 50th
-- expected_p90: at the 90th
-- actual_to_date: true cost by its end
-- is_within: whether that is within P10 to P90; NULL before the first month has ended
WITH decided AS (
    SELECT *
    FROM outlook.events
    WHERE kind = 'beginning' AND happened_at < getvariable('as_of') + INTERVAL 1 DAY
),

expected AS (
    SELECT
        event_id,
        CAST(json_extract_string(step, '$.month') AS DATE) AS month,
        CAST(json_extract_string(step, '$.p10') AS DECIMAL(38, 20)) AS expected_p10,
        CAST(json_extract_string(step, '$.p50') AS DECIMAL(38, 20)) AS expected_p50,
        CAST(json_extract_string(step, '$.p90') AS DECIMAL(38, 20)) AS expected_p90
    FROM (SELECT event_id, unnest(CAST(json_extract(data, '$.to_date') AS JSON[])) AS step FROM decided)
),

ended AS (
    SELECT *
    FROM expected
    WHERE month + INTERVAL 1 MONTH <= getvariable('as_of') + INTERVAL 1 DAY
    QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY month DESC) = 1
),

spent AS (
    SELECT
        ended.event_id,
        sum(posted.cost) AS actual_to_date
    FROM ended
    INNER JOIN decided USING (event_id)
    INNER JOIN books.posted ON decided.model_id = posted.model_id AND posted.month <= ended.month
    GROUP BY ended.event_id
)

SELECT
    decided.model_id,
    decided.happened_at AS decided_at,
    json_extract_string(decided.data, '$.by') AS decided_by,
    json_extract_string(decided.data, '$.reason') AS reason,
    json_extract_string(decided.data, '$.verdict') AS verdict,
    json_extract_string(decided.data, '$.option') AS option,
    CAST(json_extract(decided.data, '$.waits_for') AS VARCHAR[]) AS waits_for,
    json_extract_string(decided.data, '$.currency') AS currency,
    ended.month,
    ended.expected_p10,
    ended.expected_p50,
    ended.expected_p90,
    CASE WHEN ended.month IS NOT NULL THEN coalesce(spent.actual_to_date, 0) END AS actual_to_date,
    coalesce(spent.actual_to_date, 0) BETWEEN ended.expected_p10 AND ended.expected_p90 AS is_within
FROM decided
SEMI JOIN config_models ON decided.model_id = config_models.model_id
LEFT JOIN ended USING (event_id)
LEFT JOIN spent USING (event_id)
ORDER BY decided.event_id
