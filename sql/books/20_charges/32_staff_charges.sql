-- [[staff]] as charges: one per entry and calendar month. A month cut short counts by UTC day, in cumulative shares, so that
-- two entries that part a month between them add up to it exactly. `to` bounds them and not the clock: the books must
-- say the same on any day, so months yet to come stand in their own quarters.
--
-- They come from truecost.toml and not from a delivery: delivery 0, and the line where the entry stands.
CREATE OR REPLACE TABLE books.staff_charges AS
WITH month AS (
    SELECT
        *,
        CAST(unnest(generate_series(date_trunc('month', first_day), last_day, INTERVAL 1 MONTH)) AS DATE) AS month_start
    FROM config_staff
),

part AS (
    SELECT
        *,
        greatest(month_start, first_day) AS part_start,
        least(CAST(month_start + INTERVAL 1 MONTH AS DATE), last_day + 1) AS part_end,
        date_diff('day', month_start, CAST(month_start + INTERVAL 1 MONTH AS DATE)) AS month_days,
        -- The cost has at most 6 decimals and the share as well: the product is exact.
        to_units(monthly_cost) // 1000000 * (to_units(share) // 100000000000000) AS month_units
    FROM month
)

SELECT
    '[[staff]]' AS source,
    0 AS x_delivery_id,
    CAST(line AS BIGINT) AS x_line,
    CAST(row_number() OVER (PARTITION BY line ORDER BY staff_no, month_start) AS INTEGER) - 1 AS x_part,
    'Staff' AS provider_name,
    'Usage' AS charge_category,
    'Other' AS service_category,
    'Staff time' AS service_name,
    role || ', ' || without_zeros(share) || ' of '
    || without_zeros(monthly_cost) || ' ' || currency || ' a month' AS charge_description,
    CAST(part_start AS TIMESTAMP) AS charge_period_start,
    CAST(part_end AS TIMESTAMP) AS charge_period_end,
    'Staff' AS resource_type,
    role AS sku_id,
    currency AS billing_currency,
    CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
    from_units(
        month_units * date_diff('day', month_start, part_end) // month_days
        - month_units * date_diff('day', month_start, part_start) // month_days
    ) AS effective_cost,
    CAST(to_json({'role': role}) AS VARCHAR) AS tags,
    model_id AS staff_model_id,
    activity AS staff_activity,
    treatment AS staff_treatment
FROM part
