-- Who speaks for a slot: every claim of every delivery is current, superseded, a duplicate, or held for the user to judge.
--
-- A billing period belongs to the set that claimed it first; a newer version of that set supersedes the older one. Where
-- the source says `restates = "period"`, the highest version wins, whatever its path. An invoice belongs to the delivery
-- that brought it first; a file that was delivered again to mend quarantined rows replaces its earlier self. Where the
-- source's `delivery` has changed since, a file speaks as part of the set it came in last.
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
        delivery.rows_quarantined > 0 AS is_incomplete,
        config_sources.restates,
        delivery.is_regrouped,
        CASE WHEN delivery.dataset = 'invoices' THEN 'invoices' ELSE delivery.source END AS realm
    FROM log.claims
    INNER JOIN delivery USING (delivery_id)
    INNER JOIN config_sources USING (source)
),

first_claim AS (
    SELECT
        realm,
        slot,
        arg_min(source || ' ' || set_name, delivery_id) FILTER (NOT is_regrouped) AS holder,
        arg_max(set_version, (set_order, set_version)) FILTER (NOT is_regrouped) AS highest_version
    FROM claim
    GROUP BY realm, slot
),

holding AS (
    SELECT
        realm,
        slot,
        holder,
        highest_version,
        max(set_version) FILTER (source || ' ' || set_name = holder) AS newest_version,
        min(set_version) FILTER (source || ' ' || set_name = holder AND NOT is_incomplete) AS first_complete_version
    FROM claim
    INNER JOIN first_claim USING (realm, slot)
    GROUP BY realm, slot, holder, highest_version
),

judged AS (
    SELECT
        claim.*,
        CASE
            WHEN dataset = 'invoices' THEN coalesce(first_complete_version, newest_version)
            WHEN restates = 'period' THEN highest_version
            ELSE newest_version
        END AS current_version,
        NOT is_regrouped AND (restates = 'period' OR source || ' ' || set_name = holder) AS is_holder
    FROM claim
    INNER JOIN holding USING (realm, slot)
),

placed AS (
    SELECT
        *,
        coalesce(is_holder, FALSE) AND set_version = current_version AS is_current,
        is_regrouped OR (coalesce(is_holder, FALSE) AND (set_version < current_version OR restates = 'period')) AS is_superseded
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
    min(delivery_id) FILTER (is_current) OVER (PARTITION BY realm, slot) AS current_delivery_id
FROM placed
