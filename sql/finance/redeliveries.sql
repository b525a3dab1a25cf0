-- What a delivery that took the place of another says otherwise, by quarter and service: what came, what went, what changed.
-- delivery_id: the first file of what took the place
-- source: the source
-- file: that file
-- received_at: when it was landed, UTC
-- against: the first delivery of what was in that place before
-- against_file: its file
-- period: the billing period or slot that both speak for
-- quarter: the fiscal quarter of the charges; NULL where they have no day
-- service: the service, as the bills name it
-- currency: the billing currency
-- what: came, went or changed
-- rows_before: rows of the one before
-- rows_now: rows of the one that counts in its place
-- billed_before: what the one before billed, in `currency`
-- billed_now: what the newer one bills
-- difference: billed_now less billed_before
WITH spoke AS (
    SELECT DISTINCT
        deliveries.source,
        deliveries.set_version,
        coalesce(landed.period, landed.slot) AS period
    FROM books.claims AS judged
    INNER JOIN log.claims AS landed USING (delivery_id, slot_no)
    INNER JOIN log.deliveries USING (delivery_id)
    INNER JOIN config_sources ON deliveries.source = config_sources.source AND NOT config_sources.is_merged
    WHERE judged.status IN ('current', 'superseded')
),

followed AS (
    SELECT
        source,
        period,
        set_version,
        lag(set_version) OVER (PARTITION BY source, period ORDER BY set_version) AS against
    FROM spoke
),

said AS (
    SELECT
        deliveries.source,
        coalesce(landed.period, landed.slot) AS period,
        deliveries.set_version,
        fiscal_quarter(totals.day, getvariable('fiscal_year_start_month')) AS quarter,
        totals.service,
        totals.currency,
        sum(totals.rows) AS rows,
        sum(totals.billed_cost) AS billed
    FROM log.slot_totals AS totals
    INNER JOIN log.claims AS landed USING (delivery_id, slot_no)
    INNER JOIN log.deliveries USING (delivery_id)
    GROUP BY ALL
),

sides AS (
    SELECT
        followed.*,
        said.* EXCLUDE (source, period, set_version),
        said.set_version = followed.set_version AS is_now
    FROM followed
    INNER JOIN said
        ON
            followed.source = said.source
            AND followed.period = said.period
            AND said.set_version IN (followed.set_version, followed.against)
    WHERE followed.against IS NOT NULL
),

compared AS (
    SELECT
        source,
        period,
        set_version,
        against,
        quarter,
        service,
        currency,
        CAST(coalesce(sum(rows) FILTER (NOT is_now), 0) AS BIGINT) AS rows_before,
        CAST(coalesce(sum(rows) FILTER (is_now), 0) AS BIGINT) AS rows_now,
        coalesce(sum(billed) FILTER (NOT is_now), 0) AS billed_before,
        coalesce(sum(billed) FILTER (is_now), 0) AS billed_now
    FROM sides
    GROUP BY source, period, set_version, against, quarter, service, currency
    HAVING rows_before <> rows_now OR billed_before <> billed_now
)

SELECT
    compared.set_version AS delivery_id,
    compared.source,
    newer.file,
    newer.received_at,
    compared.against,
    older.file AS against_file,
    compared.period,
    compared.quarter,
    compared.service,
    compared.currency,
    CASE WHEN compared.rows_before = 0 THEN 'came' WHEN compared.rows_now = 0 THEN 'went' ELSE 'changed' END AS what,
    compared.rows_before,
    compared.rows_now,
    compared.billed_before,
    compared.billed_now,
    compared.billed_now - compared.billed_before AS difference
FROM compared
INNER JOIN log.deliveries AS newer ON compared.set_version = newer.delivery_id
INNER JOIN log.deliveries AS older ON compared.against = older.delivery_id
ORDER BY ALL
