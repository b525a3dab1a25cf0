-- Each claim of each delivery with what judging it needs; truecost/books/claims.py says what becomes of it.
--
-- A billing period is replaced whole by a newer set of its speaker: a file or folder that comes again, the runs of one export,
-- or, slot by slot, a source that restates its periods. An invoice speaks for itself. Where the source's `delivery` has changed
-- since, a file speaks as part of the set it came in last; and a folder, as the run that a manifest has
-- made of it since.
WITH delivery AS (
    SELECT
        *,
        set_name <> last_value(set_name) OVER (
            PARTITION BY source, file ORDER BY delivery_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) OR (
            run_export IS NULL
            AND last_value(run_export) OVER (
                PARTITION BY source, set_name ORDER BY delivery_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) IS NOT NULL
        ) AS is_regrouped
    FROM log.deliveries
),

currency AS (
    SELECT delivery_id, slot_no, list(DISTINCT currency ORDER BY currency) FILTER (currency IS NOT NULL) AS currencies
    FROM log.slot_totals
    GROUP BY delivery_id, slot_no
)

SELECT
    claims.delivery_id,
    claims.slot_no,
    claims.slot,
    claims.content,
    claims.period,
    claims.rows_accepted,
    coalesce(claims.is_incomplete, FALSE) AS is_incomplete,
    delivery.source,
    delivery.dataset,
    delivery.file,
    delivery.sha256,
    delivery.set_name,
    delivery.set_version,
    coalesce(delivery.set_order, '') AS set_order,
    delivery.run_export,
    delivery.covers_from,
    delivery.covers_until,
    delivery.is_regrouped,
    config_sources.restates,
    config_sources.is_merged,
    coalesce(currency.currencies, []) AS currencies,
    coalesce(claims.accounts, []) AS accounts
FROM log.claims
INNER JOIN delivery USING (delivery_id)
INNER JOIN config_sources USING (source)
LEFT JOIN currency USING (delivery_id, slot_no)
ORDER BY claims.delivery_id, claims.slot_no
