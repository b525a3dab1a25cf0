-- Each delivery's rows by what became of them: read = loaded + quarantined + duplicate + held + skipped.
CREATE OR REPLACE TABLE books.deliveries AS
WITH merged AS (
    SELECT x_delivery_id, status
    FROM ({{receipts_of_datasets}})
),

merged_rows AS (
    SELECT
        x_delivery_id AS delivery_id,
        count(*) FILTER (status = 'duplicate') AS rows_duplicate,
        0 AS rows_held,
        0 AS held_slots,
        0 AS rejected_slots,
        TRUE AS has_current_slot,
        bool_and(status = 'superseded') AS is_superseded,
        CAST(NULL AS INTEGER) AS superseded_by,
        CAST([] AS VARCHAR[]) AS more_warnings
    FROM merged
    GROUP BY x_delivery_id
),

-- Rows by key of files that hold only what changed.
repeated AS (
    SELECT x_delivery_id AS delivery_id, count(*) FILTER (status = 'duplicate' AND x_part % 2 = 0) AS rows_repeated
    FROM books.merged_charges
    GROUP BY x_delivery_id
),

claimed_rows AS (
    SELECT
        delivery_id,
        coalesce(sum(rows_accepted) FILTER (status = 'duplicate'), 0) + coalesce(any_value(rows_repeated), 0) AS rows_duplicate,
        coalesce(sum(rows_accepted) FILTER (status IN ('held', 'rejected')), 0) AS rows_held,
        count(*) FILTER (status = 'held') AS held_slots,
        count(*) FILTER (status = 'rejected') AS rejected_slots,
        count(*) FILTER (status = 'current') > 0 AS has_current_slot,
        bool_and(status = 'superseded') AS is_superseded,
        max(current_delivery_id) FILTER (status = 'superseded') AS superseded_by,
        list(DISTINCT warning ORDER BY warning) FILTER (warning IS NOT NULL) AS more_warnings
    FROM books.claims
    LEFT JOIN repeated USING (delivery_id)
    GROUP BY delivery_id
),

judged AS (
    SELECT * FROM merged_rows
    UNION ALL
    SELECT * FROM claimed_rows
)

SELECT
    deliveries.* EXCLUDE (rows_accepted) REPLACE (
        list_concat(deliveries.warnings, coalesce(judged.more_warnings, [])) AS warnings
    ),
    CAST(
        deliveries.rows_accepted - coalesce(judged.rows_duplicate, 0) - coalesce(judged.rows_held, 0) AS BIGINT
    ) AS rows_loaded,
    CAST(coalesce(judged.rows_duplicate, 0) AS BIGINT) AS rows_duplicate,
    CAST(coalesce(judged.rows_held, 0) AS BIGINT) AS rows_held,
    CASE WHEN judged.is_superseded THEN judged.superseded_by END AS superseded_by,
    CASE
        WHEN deliveries.refused_because IS NOT NULL THEN 'refused'
        WHEN deliveries.held_because IS NOT NULL OR judged.held_slots > 0 THEN 'held'
        WHEN judged.rejected_slots > 0 AND NOT judged.has_current_slot THEN 'rejected'
        WHEN judged.is_superseded THEN 'superseded'
        WHEN deliveries.rows_accepted > 0 AND deliveries.rows_accepted = judged.rows_duplicate THEN 'duplicate'
        ELSE 'loaded'
    END AS status,
    -- A newer delivery of the same file has taken the place of what was refused or quarantined in this one; or the file,
    -- of which nothing counts, has been taken out of the inbox.
    deliveries.delivery_id < max(deliveries.delivery_id) OVER (PARTITION BY deliveries.source, deliveries.file)
    OR (
        deliveries.held_because IS NOT NULL
        AND deliveries.set_version < max(deliveries.set_version) OVER (PARTITION BY deliveries.source, deliveries.set_name)
    )
    OR (
        config_gone.file IS NOT NULL
        AND (
            deliveries.refused_because IS NOT NULL
            OR deliveries.held_because IS NOT NULL
            OR coalesce(judged.held_slots > 0 AND NOT judged.has_current_slot, FALSE)
        )
    ) AS is_outdated
FROM log.deliveries
INNER JOIN config_sources USING (source)
LEFT JOIN config_gone ON deliveries.source = config_gone.source AND deliveries.file = config_gone.file
LEFT JOIN judged USING (delivery_id)
