-- An amount, in units, over weights: each weight's whole part, and the rest it leaves, by which what is left over is handed
-- out (largest remainder). The amount is divided before it is multiplied, so that no product overflows.
CREATE OR REPLACE TEMP MACRO split_whole(units, weight, total) AS
    abs(units) // total * weight + abs(units) % total * weight // total;

CREATE OR REPLACE TEMP MACRO split_rest(units, weight, total) AS
    abs(units) % total * weight % total;

-- GPU seconds as hours: thirds of an hour have no end, so to a millionth, half-even.
CREATE OR REPLACE TEMP MACRO hours_of_seconds(seconds) AS
    CAST(CAST(divide_half_even(CAST(seconds AS HUGEINT) * 1000000, 3600) AS DECIMAL(32, 0)) * 0.000001 AS DECIMAL(38, 6));

-- The stage of an activity in a round.
CREATE OR REPLACE TEMP MACRO stage_of(model, activity, round) AS
    CASE
        WHEN model IS NULL THEN 'unallocated'
        WHEN activity IN ('serving', 'deployment') THEN 'serving'
        WHEN round >= 1 THEN 'maintenance'
        ELSE activity
    END;

-- A month's part of an amount that is spread over the days from first_day up to end_day: cumulative shares, so that the months add
-- up to it exactly.
CREATE OR REPLACE TEMP MACRO spread_over_days(amount, first_day, end_day, month) AS
    from_units(
        to_units(amount) * date_diff('day', first_day, least(CAST(month + INTERVAL 1 MONTH AS DATE), end_day))
        // date_diff('day', first_day, end_day)
        - to_units(amount) * date_diff('day', first_day, greatest(month, first_day)) // date_diff('day', first_day, end_day)
    );
