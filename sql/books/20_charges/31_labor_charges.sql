-- Staff time as charges: one per current entry that took time or states a cost. The cost is what the tool states as ours, else
-- the hours at the rate of the person or the role. Hours without a rate stay unpriced (effective cost NULL): a fault to
-- mend, never a zero.
--
-- A rate that names people holds for them only, and before any other; then one for the entry's role (of several roles the
-- first listed), then one for the role *. Within these the latest `from` on or before the UTC day of the start holds.
CREATE OR REPLACE TABLE books.labor_charges AS
WITH entry AS (
    SELECT
        worklogs.*,
        deliveries.format_version AS tool,
        CAST(started_at AS DATE) AS worked_on,
        list_transform(string_split(coalesce(role, ''), ','), lambda name: lower(trim(name))) AS roles
    FROM books.worklogs
    INNER JOIN books.deliveries ON worklogs.x_delivery_id = deliveries.delivery_id
    WHERE worklogs.status = 'current' AND (worklogs.seconds > 0 OR worklogs.stated_cost IS NOT NULL)
),

rate AS (
    SELECT
        *,
        list_transform(people, lambda name: lower(trim(name))) AS names,
        lower(trim(role)) AS role_name
    FROM config_rates
),

priced_as AS (
    SELECT
        need.person,
        need.role,
        need.worked_on,
        rate.hourly_cost,
        rate.currency
    FROM (SELECT DISTINCT person, role, roles, worked_on FROM entry) AS need
    INNER JOIN rate
        ON need.worked_on >= coalesce(rate.first_day, DATE '0001-01-01')
        AND need.worked_on <= coalesce(rate.last_day, DATE '9999-12-31')
        AND (
            list_contains(rate.names, lower(need.person))
            OR (len(rate.names) = 0 AND (list_contains(need.roles, rate.role_name) OR lower(need.role) = rate.role_name))
            OR (len(rate.names) = 0 AND rate.role_name = '*')
        )
    QUALIFY row_number() OVER (
        PARTITION BY need.person, need.role, need.worked_on
        ORDER BY
            len(rate.names) = 0,
            rate.role_name = '*',
            coalesce(lower(need.role) = rate.role_name, FALSE) DESC,
            list_position(need.roles, rate.role_name) NULLS LAST,
            rate.first_day DESC NULLS LAST,
            rate.rate_no
    ) = 1
)

SELECT
    entry.source,
    entry.x_delivery_id,
    entry.x_line,
    0 AS x_part,
    entry.tool AS provider_name,
    'Usage' AS charge_category,
    'Other' AS service_category,
    'Staff time' AS service_name,
    coalesce(entry.description, entry.task, entry.project, 'Staff time') AS charge_description,
    entry.started_at AS charge_period_start,
    entry.started_at + to_seconds(entry.seconds) AS charge_period_end,
    entry.client AS sub_account_id,
    entry.project AS resource_id,
    entry.task AS resource_name,
    'Project' AS resource_type,
    entry.role AS sku_id,
    from_units(divide_half_even(CAST(100000000000000000000 AS HUGEINT) * entry.seconds, 3600)) AS consumed_quantity,
    'Hours' AS consumed_unit,
    CASE WHEN entry.stated_cost IS NULL THEN priced_as.currency ELSE entry.stated_currency END AS billing_currency,
    CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
    coalesce(
        entry.stated_cost,
        from_units(divide_half_even(to_units(priced_as.hourly_cost) * entry.seconds, 3600))
    ) AS effective_cost,
    CASE WHEN entry.stated_cost IS NULL THEN priced_as.hourly_cost END AS list_unit_price,
    CAST(to_json({
        'person': entry.person, 'role': entry.role, 'client': entry.client, 'project': entry.project, 'task': entry.task,
        'tags': entry.tags
    }) AS VARCHAR) AS tags
FROM entry
LEFT JOIN priced_as
    ON entry.person = priced_as.person
    AND entry.role IS NOT DISTINCT FROM priced_as.role
    AND entry.worked_on = priced_as.worked_on
