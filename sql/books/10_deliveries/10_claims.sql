-- Who speaks for a slot: every claim of every delivery is current, superseded, a duplicate, or held for the user to judge.
--
-- A billing period belongs to the set that claimed it first; a newer version of that set supersedes the older one, whole:
-- an account that the newer version no longer names in the period is no longer billed. Where the source says
-- `restates = "period"`, the highest version wins, whatever its path. An invoice belongs to the delivery that brought it
-- first; a file that was delivered again to mend quarantined rows of it replaces its earlier self. Where the source's
-- `delivery` has changed since, a file speaks as part of the set it came in last.
CREATE OR REPLACE TABLE books.claims AS
WITH delivery AS (
    SELECT
        *,
        set_name <> last_value(set_name) OVER (
            PARTITION BY source, file ORDER BY delivery_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS is_regrouped
    FROM log.deliveries
),

claim AS (
    SELECT
        claims.*,
        delivery.source,
        delivery.dataset,
        delivery.set_name,
        delivery.set_version,
        coalesce(delivery.set_order, '') AS set_order,
        config_sources.restates,
        delivery.is_regrouped,
        CASE WHEN delivery.dataset = 'invoices' THEN 'invoices' ELSE delivery.source END AS realm,
        delivery.source || ' ' || delivery.set_name AS speaker,
        CASE
            WHEN delivery.dataset = 'invoices' THEN NULL
            ELSE max(delivery.set_version) OVER (PARTITION BY delivery.source, delivery.set_name, claims.period)
        END AS newest_of_period
    FROM log.claims
    INNER JOIN delivery USING (delivery_id)
    INNER JOIN config_sources USING (source)
),

-- A set speaks for a slot as long as its newest version of the period names it.
speaking AS (
    SELECT
        realm,
        slot,
        speaker,
        min(delivery_id) AS first_delivery_id,
        max(set_version) AS newest_version,
        min(set_version) FILTER (NOT is_incomplete) AS first_complete_version,
        bool_or(newest_of_period IS NULL OR set_version = newest_of_period) AS is_speaking
    FROM claim
    WHERE NOT is_regrouped
    GROUP BY realm, slot, speaker
),

holding AS (
    SELECT realm, slot, speaker AS holder, newest_version, first_complete_version
    FROM speaking
    WHERE is_speaking
    QUALIFY row_number() OVER (PARTITION BY realm, slot ORDER BY first_delivery_id) = 1
),

highest AS (
    SELECT realm, slot, arg_max(set_version, (set_order, set_version)) AS highest_version
    FROM claim
    WHERE NOT is_regrouped
    GROUP BY realm, slot
),

judged AS (
    SELECT
        claim.*,
        CASE
            WHEN dataset = 'invoices' THEN coalesce(holding.first_complete_version, holding.newest_version)
            WHEN restates = 'period' THEN highest.highest_version
            ELSE holding.newest_version
        END AS current_version,
        NOT is_regrouped AND (restates = 'period' OR speaker = holder) AS is_holder,
        (restates IS DISTINCT FROM 'period') AND coalesce(set_version < newest_of_period, FALSE) AS is_left_behind
    FROM claim
    LEFT JOIN holding USING (realm, slot)
    LEFT JOIN highest USING (realm, slot)
),

placed AS (
    SELECT
        *,
        coalesce(is_holder AND set_version = current_version AND NOT is_left_behind, FALSE) AS is_current,
        is_regrouped
        OR is_left_behind
        OR (coalesce(is_holder, FALSE) AND (set_version < current_version OR restates = 'period')) AS is_superseded
    FROM judged
)

SELECT
    delivery_id,
    slot_no,
    source,
    dataset,
    slot,
    set_name,
    rows_accepted,
    CASE
        WHEN is_current THEN 'current'
        WHEN is_superseded THEN 'superseded'
        WHEN list_contains(list(content) FILTER (is_current) OVER (PARTITION BY realm, slot), content) THEN 'duplicate'
        ELSE 'held'
    END AS status,
    coalesce(
        min(delivery_id) FILTER (is_current) OVER (PARTITION BY realm, slot),
        CASE WHEN is_left_behind THEN newest_of_period END
    ) AS current_delivery_id
FROM placed
