-- Charges of files that hold only what changed: of the rows with one key the latest counts, by the version that the path says,
-- else by arrival. Here are those that do not: superseded, or a duplicate, which says the same as the one before it. Two rows of
-- one file that share all a row is known by without a `key` are two charges.
CREATE OR REPLACE TABLE books.merged_charges AS
WITH told AS (
    SELECT
        charges.x_delivery_id,
        charges.x_line,
        charges.x_part,
        coalesce(deliveries.set_order, '') AS set_order,
        deliveries.source,
        config_sources.is_keyed,
        md5({{merged_key}}) AS key,
        md5({{merged_content}}) AS content
    FROM ledger.charges
    INNER JOIN log.deliveries ON charges.x_delivery_id = deliveries.delivery_id
    INNER JOIN config_sources USING (source)
    WHERE config_sources.is_merged
),

numbered AS (
    SELECT *, CASE WHEN is_keyed THEN 1 ELSE row_number() OVER within_file END AS occurrence
    FROM told
    WINDOW within_file AS (PARTITION BY x_delivery_id, key ORDER BY x_line, x_part)
),

version AS (
    SELECT *, lag(content) OVER by_arrival AS content_before
    FROM numbered
    WINDOW by_arrival AS (PARTITION BY source, key, occurrence ORDER BY set_order, x_delivery_id, x_line, x_part)
),

told_apart AS (
    SELECT *, (content_before IS NOT DISTINCT FROM content) AS is_duplicate FROM version
),

judged AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        CASE
            WHEN is_duplicate THEN 'duplicate'
            WHEN row_number() OVER newest_first = 1 THEN 'current'
            ELSE 'superseded'
        END AS status
    FROM told_apart
    WINDOW newest_first AS (
        PARTITION BY source, key, occurrence, is_duplicate
        ORDER BY set_order DESC, x_delivery_id DESC, x_line DESC, x_part DESC
    )
)

SELECT x_delivery_id, x_line, x_part, status FROM judged WHERE status <> 'current'
