-- An amount, in units, over weights: each weight's whole part, and the rest it leaves, by which what is left over is handed
-- out (largest remainder). The amount is divided before it is multiplied, so that no product overflows.
CREATE OR REPLACE MACRO split_whole(units, weight, total) AS
    abs(units) // total * weight + abs(units) % total * weight // total;

CREATE OR REPLACE MACRO split_rest(units, weight, total) AS
    abs(units) % total * weight % total;

-- GPU seconds as hours: thirds of an hour have no end, so to a millionth, half-even.
CREATE OR REPLACE MACRO hours_of_seconds(seconds) AS
    CAST(CAST(divide_half_even(CAST(seconds AS HUGEINT) * 1000000, 3600) AS DECIMAL(32, 0)) * 0.000001 AS DECIMAL(38, 6));

-- Whether a source is an entry of truecost.toml that names its model: no rule is asked whose its charges are.
CREATE OR REPLACE MACRO names_its_model(source) AS
    source IN ('[[staff]]', '[[token_rates]]');

-- The stage of an activity in a round.
CREATE OR REPLACE MACRO stage_of(model, activity, round) AS
    CASE
        WHEN model IS NULL THEN 'unallocated'
        WHEN activity IN ('serving', 'deployment') THEN 'serving'
        WHEN round >= 1 THEN 'maintenance'
        ELSE activity
    END;

-- A month's part of an amount that is spread over the days from first_day up to end_day: cumulative shares, so that the months add
-- up to it exactly.
CREATE OR REPLACE MACRO spread_over_days(amount, first_day, end_day, month) AS
    from_units(
        to_units(amount) * date_diff('day', first_day, least(CAST(month + INTERVAL 1 MONTH AS DATE), end_day))
        // date_diff('day', first_day, end_day)
        - to_units(amount) * date_diff('day', first_day, greatest(month, first_day)) // date_diff('day', first_day, end_day)
    );

-- One of several shares of an amount, in units: of the rows with one `whole_no` each has its weight's whole part, and those with the
-- largest rest one unit more, until all is handed out; `place` decides between equals.
CREATE OR REPLACE MACRO largest_remainder(units, weight, total, whole_no, place) AS
    sign(units) * (
        split_whole(units, weight, total)
        + CASE
            WHEN row_number() OVER (PARTITION BY whole_no ORDER BY split_rest(units, weight, total) DESC, place)
                <= abs(units) - sum(split_whole(units, weight, total)) OVER (PARTITION BY whole_no) THEN 1
            ELSE 0
        END
    );

-- The same as lists, one row an amount: what weights leave of an amount less than their total (the `parts` are their whole parts) as
-- ranks, the largest rest first and of equals the first place; the rank of the last that has one unit more, NULL where nothing is left
-- over; and the shares. Weights add up to no more than 18 digits.
CREATE OR REPLACE MACRO rest_ranks(over, weights, total, parts) AS
    list_transform(weights, lambda weight, place: (over * weight - parts[place] * total) * 1000000000 + 1000000000 - place);

CREATE OR REPLACE MACRO last_rank(over, parts, ranks) AS
    list_reverse_sort(ranks)[CAST(over - list_sum(parts) AS BIGINT)];

CREATE OR REPLACE MACRO ranked_parts(units, each, weights, parts, ranks, last_rank) AS
    list_transform(
        weights,
        lambda weight, place:
            sign(units) * (each * weight + parts[place] + CASE WHEN ranks[place] >= last_rank THEN 1 ELSE 0 END)
    );

-- The part of an amount, in units, that falls between two points of a whole: cumulative, so that the parts add up to it exactly.
CREATE OR REPLACE MACRO part_between(units, before, after, total) AS
    sign(units) * (split_whole(units, after, total) - split_whole(units, before, total));

-- What of an amount no bill covers, where bills cover so many parts of all.
CREATE OR REPLACE MACRO uncovered(amount, covered_parts, all_parts) AS
    from_units(to_units(amount) - part_between(to_units(amount), 0, covered_parts, all_parts));

-- Whether a unit counts hours of a machine: `Hours`, `GPU-Hours`, `Hrs`; not `GB-Hours`.
CREATE OR REPLACE MACRO counts_hours(unit) AS
    regexp_matches(unit, '(^|[^a-z])(h|hr|hrs|hour|hours)$', 'i') AND NOT regexp_matches(unit, '[kmgtp]i?b|byte', 'i');

-- Whether a line of a managed API's bill says that it is for training: `gpt-4o, training`, `Custom model fine-tuning`; not the calls of
-- a model that was fine-tuned, nor its hosting.
CREATE OR REPLACE MACRO tells_training(line) AS
    regexp_matches(line, '(^|[^a-z])(training|tuning|fine[ _-]?tun(e|ing)|customi[sz]ation)([^a-z]|$)', 'i')
    AND NOT regexp_matches(line, 'input|output|inference|cached|prompt|completion|hosting|storage', 'i');
