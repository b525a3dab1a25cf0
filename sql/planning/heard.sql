-- How far each source of cost has spoken, and how much of each model's stage it brings: what tells a month that is whole from one
-- whose bills are still to come. It hangs on the records up to the day $as_of, not on the day, so that waiting saves nothing. Of a
-- moment $known_until, only on what had landed by then.
--
-- heard_until: the first day it has not spoken for. A source that speaks by the month speaks for all of it. One that [[expected]]
-- does not name, and that has been silent for three of its rhythms and two months at least while others spoke, has ended: it is heard
-- as far as the others.
-- rhythm_days: the median of the days between its records; NULL where there is only one
-- part: of what its sources brought the stage in its last six months, 0 to 1; under the stage '' of all stages
WITH record AS (
    SELECT DISTINCT
        charges.source,
        -- A purchase for a year speaks for the month it was billed in.
        CAST(least(charge_period_end, charge_period_start + INTERVAL 31 DAY) - INTERVAL 1 MICROSECOND AS DATE) AS last_day
    FROM books.charges
    LEFT JOIN books.deliveries ON charges.x_delivery_id = deliveries.delivery_id
    WHERE charges.charge_period_start < CAST($as_of AS TIMESTAMP) + INTERVAL 1 DAY
        AND ($known_until IS NULL OR coalesce(deliveries.received_at < CAST($known_until AS TIMESTAMP), TRUE))
),

gap AS (
    SELECT source, last_day, date_diff('day', lag(last_day) OVER (PARTITION BY source ORDER BY last_day), last_day) AS days
    FROM record
),

rhythm AS (
    SELECT source, max(last_day) AS last_day, median(days) AS rhythm_days
    FROM gap
    GROUP BY source
),

told AS (
    SELECT
        source,
        last_day,
        rhythm_days,
        CASE
            WHEN coalesce(rhythm_days, 30) >= 20 THEN CAST(date_trunc('month', last_day) + INTERVAL 1 MONTH AS DATE)
            ELSE CAST(last_day + INTERVAL 1 DAY AS DATE)
        END AS told_until
    FROM rhythm
),

-- What truecost.toml says of staff and capacity goes on by itself, and is no sign that bills are late.
newest AS (
    SELECT max(told.last_day) AS last_day, max(told.told_until) AS told_until
    FROM told
    SEMI JOIN config_sources USING (source)
),

heard AS (
    SELECT
        told.source,
        told.rhythm_days,
        CASE
            WHEN expected.source IS NULL
                AND date_diff('day', told.last_day, newest.last_day) > greatest(3 * coalesce(told.rhythm_days, 0), 62)
                THEN newest.told_until
            ELSE told.told_until
        END AS heard_until
    FROM told
    CROSS JOIN newest
    LEFT JOIN (SELECT DISTINCT source FROM config_expected) AS expected ON told.source = expected.source
),

brought AS (
    SELECT model_id, stage, posted.source, month, sum(cost) AS cost
    FROM books.posted
    LEFT JOIN books.deliveries ON posted.x_delivery_id = deliveries.delivery_id
    WHERE model_id IS NOT NULL
        AND cost > 0
        AND NOT is_accrued
        AND month <= CAST($as_of AS DATE)
        AND ($known_until IS NULL OR coalesce(deliveries.received_at < CAST($known_until AS TIMESTAMP), TRUE))
    GROUP BY model_id, stage, posted.source, month
    QUALIFY month > max(month) OVER (PARTITION BY model_id, stage) - INTERVAL 6 MONTH
),

part AS (
    SELECT
        model_id,
        coalesce(stage, '') AS stage,
        source,
        CAST(sum(cost) / sum(sum(cost)) OVER (PARTITION BY model_id, coalesce(stage, '')) AS DOUBLE) AS part
    FROM brought
    GROUP BY GROUPING SETS ((model_id, stage, source), (model_id, source))
)

SELECT part.model_id, part.stage, part.source, part.part, heard.heard_until, heard.rhythm_days
FROM part
INNER JOIN heard USING (source)
ORDER BY part.model_id, part.stage, part.source
