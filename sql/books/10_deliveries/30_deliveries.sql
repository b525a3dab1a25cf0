-- Each delivery's rows by what became of them: read = loaded + quarantined + duplicate + skipped.
CREATE OR REPLACE TABLE books.deliveries AS
WITH merged AS (
    SELECT x_delivery_id, status
    FROM ({{receipts_of_datasets}})
),

merged_rows AS (
    SELECT
        x_delivery_id AS delivery_id,
        count(*) FILTER (status = 'duplicate') AS rows_duplicate,
        0 AS held_slots,
        TRUE AS has_current_slot,
        bool_and(status = 'superseded') AS is_superseded,
        CAST(NULL AS INTEGER) AS superseded_by
    FROM merged
    GROUP BY x_delivery_id
),

claimed_rows AS (
    SELECT
        delivery_id,
        coalesce(sum(rows_accepted) FILTER (status = 'duplicate'), 0) AS rows_duplicate,
        count(*) FILTER (status = 'held') AS held_slots,
        count(*) FILTER (status = 'current') > 0 AS has_current_slot,
        bool_and(status = 'superseded') AS is_superseded,
        max(current_delivery_id) FILTER (status = 'superseded') AS superseded_by
    FROM books.claims
    GROUP BY delivery_id
),

judged AS (
    SELECT * FROM merged_rows
    UNION ALL
    SELECT * FROM claimed_rows
)

SELECT
    deliveries.* EXCLUDE (rows_accepted),
    CAST(deliveries.rows_accepted - coalesce(judged.rows_duplicate, 0) AS BIGINT) AS rows_loaded,
    CAST(coalesce(judged.rows_duplicate, 0) AS BIGINT) AS rows_duplicate,
    CASE WHEN judged.is_superseded THEN judged.superseded_by END AS superseded_by,
    CASE
        WHEN deliveries.refused_because IS NOT NULL THEN 'refused'
        WHEN judged.held_slots > 0 THEN 'held'
        WHEN judged.is_superseded THEN 'superseded'
        WHEN deliveries.rows_accepted > 0 AND deliveries.rows_accepted = judged.rows_duplicate THEN 'duplicate'
        ELSE 'loaded'
    END AS status,
    -- A newer delivery of the same file has taken the place of what was refused or quarantined in this one; or the file,
    -- of which nothing counts, has been taken out of the inbox.
    deliveries.delivery_id < max(deliveries.delivery_id) OVER (PARTITION BY deliveries.source, deliveries.file)
    OR (
        config_gone.file IS NOT NULL
        AND (
            deliveries.refused_because IS NOT NULL
            OR coalesce(judged.held_slots > 0 AND NOT judged.has_current_slot, FALSE)
        )
    ) AS is_outdated
FROM log.deliveries
INNER JOIN config_sources USING (source)
LEFT JOIN config_gone ON deliveries.source = config_gone.source AND deliveries.file = config_gone.file
LEFT JOIN judged USING (delivery_id)
