-- Where an [[expected]] source was silent for longer than it may be, as seen on the day `as_of`: a row per quarter that lacks it
-- and model whose totals that leaves incomplete.
--
-- A silence runs from the end of what a source has spoken for to its next record. It counts in a quarter it reaches into
-- once it lasts longer than `every`, up to the next record, the end of the quarter or the day, whichever is first.
-- Before its first record a source is not yet expected; one that never spoke is silent throughout. The models are those the
-- source has ever brought cost to, or else all.
CREATE OR REPLACE TEMP TABLE silences AS
WITH expected AS (
    SELECT source, min(every_days) * 86400 AS every_seconds FROM config_expected GROUP BY source
),

heard AS (
    SELECT
        source,
        max(spoken_until) OVER so_far AS silent_from,
        lead(spoken_from) OVER (PARTITION BY source ORDER BY spoken_from) AS silent_until
    FROM books.spoken
    WINDOW so_far AS (PARTITION BY source ORDER BY spoken_from)
),

silence AS (
    SELECT source, silent_from, coalesce(silent_until, TIMESTAMP '9999-12-31') AS silent_until
    FROM heard
    WHERE silent_until IS NULL OR silent_until > silent_from
    UNION ALL
    SELECT source, NULL, TIMESTAMP '9999-12-31'
    FROM expected
    ANTI JOIN books.spoken USING (source)
),

quarter AS (
    SELECT DISTINCT
        quarter,
        CAST(quarter_start AS TIMESTAMP) AS quarter_start,
        quarter_start + INTERVAL 3 MONTH AS quarter_end
    FROM books.costs
),

lacking AS (
    SELECT
        silence.source,
        quarter.quarter,
        quarter.quarter_start,
        silence.silent_from,
        CASE
            WHEN silence.silent_until < least(quarter.quarter_end, getvariable('as_of')) THEN silence.silent_until
        END AS heard_again_at
    FROM silence
    INNER JOIN expected USING (source)
    INNER JOIN quarter
        ON quarter.quarter_start < getvariable('as_of')
        AND silence.silent_until > quarter.quarter_start
        AND (
            silence.silent_from IS NULL
            OR date_diff(
                'second', silence.silent_from, least(silence.silent_until, quarter.quarter_end, getvariable('as_of'))
            ) > expected.every_seconds
        )
),

brought AS (
    SELECT DISTINCT source, model_id FROM books.costs
),

affected AS (
    SELECT source, model_id FROM expected INNER JOIN brought USING (source)
    UNION
    SELECT expected.source, config_models.model_id
    FROM expected
    ANTI JOIN (FROM brought WHERE model_id IS NOT NULL) AS owned USING (source)
    CROSS JOIN config_models
)

SELECT
    lacking.source,
    affected.model_id,
    lacking.quarter,
    lacking.quarter_start,
    -- The last day it spoke for; NULL where it never did.
    CAST(lacking.silent_from - INTERVAL 1 MICROSECOND AS DATE) AS last_day,
    CAST(lacking.heard_again_at AS DATE) AS next_day,
    CASE
        WHEN lacking.silent_from IS NULL THEN ' has never spoken'
        WHEN lacking.heard_again_at IS NULL THEN ' silent since ' || last_day
        ELSE ' silent from ' || last_day || ' to ' || next_day
    END AS told
FROM lacking
INNER JOIN affected USING (source)
