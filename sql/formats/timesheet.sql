-- Time entries: text -> typed. A start is in the source's timezone; in the hour that clocks repeat it is the later one. A
-- layout without start times (Harvest) says the day: it starts at midnight UTC, so that no zone moves it into another
-- month. Hours are the stated duration, never the difference of two clocks, and are kept in whole seconds.
WITH settled AS NOT MATERIALIZED (
    SELECT
        *,
        getvariable('timesheet_layout') AS layout,
        iso_date(start_date, getvariable('timesheet_dates')) AS start_day,
        iso_clock(start_time) AS start_clock,
        clock_seconds(duration) AS clocked_seconds,
        plain_number(duration, getvariable('timesheet_mark')) AS plain_hours,
        plain_number(cost_amount, getvariable('timesheet_mark')) AS plain_cost,
        regexp_extract(cost_currency, '(?:^|.* - )([A-Z]{3})$', 1) AS currency_code
    FROM raw
),

parsed AS NOT MATERIALIZED (
    SELECT
        *,
        parse_amount(plain_hours) AS hours,
        parse_amount(plain_cost) AS cost,
        CASE
            WHEN layout = 'Harvest' THEN parse_time(start_day, 'UTC')
            ELSE parse_time(start_day || 'T' || start_clock, getvariable('source_timezone'))
        END AS start_at
    FROM settled
),

read AS NOT MATERIALIZED (
    SELECT
        * REPLACE (nullif(cost, 0) AS cost),  -- Harvest writes 0 where nobody has set a cost rate
        coalesce(email, user_name, nullif(concat_ws(' ', first_name, last_name), '')) AS who,
        CASE
            WHEN layout = 'Toggl Track' AND regexp_full_match(duration, '[0-9]+:[0-9]+') THEN NULL  -- hours, or minutes?
            WHEN clocked_seconds IS NOT NULL THEN clocked_seconds
            WHEN hours IS NULL THEN worded_seconds(duration)
            ELSE
                -- Beyond any day the number does not matter, and would overflow.
                CAST(divide_half_even(
                    to_units(CASE WHEN hours > 1000 THEN 1000 ELSE hours END) * 3600,
                    CAST(100000000000000000000 AS HUGEINT)
                ) AS BIGINT)
        END AS duration_seconds
    FROM parsed
)

SELECT
    who AS person,
    coalesce(role, getvariable('source_role')) AS role,
    client,
    project,
    task,
    description,
    tags,
    start_at AS started_at,
    duration_seconds AS seconds,
    cost AS stated_cost,
    CASE
        WHEN cost IS NULL THEN NULL
        WHEN cost_currency IS NULL THEN getvariable('source_currency')
        ELSE nullif(currency_code, '')
    END AS stated_currency,
    CASE WHEN layout = 'Harvest' THEN description END AS key_text,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        person := CASE WHEN who IS NULL THEN 'missing' ELSE 'ok' END,
        start_date := time_state(start_date, parse_time(start_day, 'UTC')),
        start_time := CASE
            WHEN layout = 'Harvest' THEN 'ok'
            WHEN start_time IS NULL THEN 'missing'
            WHEN start_clock IS NULL THEN 'not_a_time'
            ELSE 'ok'
        END,
        duration := CASE
            WHEN duration IS NULL THEN 'missing'
            WHEN duration_seconds IS NULL AND decimal_mark(duration) = 'open' AND layout = 'Harvest' THEN 'open'
            WHEN duration_seconds IS NULL OR duration_seconds < 0 THEN 'not_a_duration'
            WHEN duration_seconds > 86400 THEN 'over_a_day'
            ELSE 'ok'
        END,
        cost_amount := CASE
            WHEN cost_amount IS NULL THEN 'missing'
            WHEN plain_cost IS NULL THEN 'not_a_number'
            WHEN cost < 0 THEN 'negative'
            ELSE amount_state(plain_cost)
        END,
        cost_currency := CASE
            WHEN cost IS NULL THEN 'ok'
            WHEN cost_currency IS NULL THEN currency_state(getvariable('source_currency'))
            ELSE currency_state(currency_code)
        END
    ) AS checks
FROM read
