-- How far each source of cost has spoken, and how much of each model's stage it brings: what tells a month that is whole from one
-- whose bills are still to come. It hangs on the records alone, not on the day, but for a source that has ended: one that
-- [[expected]] does not name and that has been silent for three of its rhythms, and for two months at least, on the day $1.
--
-- heard_until: the first day it has not spoken for; a source that speaks by the month speaks for all of it; NULL where it has ended
-- rhythm_days: the median of the days between its records; NULL where there is only one
-- part: of what its sources brought the stage in its last six months, 0 to 1; a stage that never cost anything: of all stages
WITH record AS (
    SELECT DISTINCT
        source,
        -- A purchase for a year speaks for the month it was billed in.
        CAST(least(charge_period_end, charge_period_start + INTERVAL 31 DAY) - INTERVAL 1 MICROSECOND AS DATE) AS last_day
    FROM books.charges
    WHERE charge_period_start IS NOT NULL
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

heard AS (
    SELECT
        rhythm.source,
        rhythm.rhythm_days,
        CASE
            WHEN expected.source IS NULL
                AND date_diff('day', rhythm.last_day, CAST($1 AS DATE)) > greatest(3 * coalesce(rhythm.rhythm_days, 0), 62)
                THEN NULL
            WHEN coalesce(rhythm.rhythm_days, 30) >= 20 THEN CAST(date_trunc('month', rhythm.last_day) + INTERVAL 1 MONTH AS DATE)
            ELSE CAST(rhythm.last_day + INTERVAL 1 DAY AS DATE)
        END AS heard_until
    FROM rhythm
    LEFT JOIN (SELECT DISTINCT source FROM config_expected) AS expected USING (source)
),

brought AS (
    SELECT model_id, stage, source, month, sum(cost) AS cost
    FROM books.posted
    WHERE model_id IS NOT NULL AND cost > 0 AND NOT is_accrued
    GROUP BY model_id, stage, source, month
    QUALIFY month > max(month) OVER (PARTITION BY model_id, stage) - INTERVAL 6 MONTH
),

part AS (
    SELECT
        model_id,
        coalesce(stage, '') AS stage,
        source,
        CAST(sum(cost) / sum(sum(cost)) OVER (PARTITION BY model_id, stage) AS DOUBLE) AS part
    FROM brought
    GROUP BY GROUPING SETS ((model_id, stage, source), (model_id, source))
)

SELECT part.model_id, part.stage, part.source, part.part, heard.heard_until, heard.rhythm_days
FROM part
INNER JOIN heard USING (source)
ORDER BY part.model_id, part.stage, part.source
