-- Amounts as text -> DECIMAL(38, 20), by a checked grammar.
--
-- DuckDB's own cast takes `1_000` for 1000, trims blanks and rounds half away from zero; these macros take a plain
-- or E-notation number and nothing else, and round what is longer than 20 fraction digits half-even.
-- The limit of 15 whole digits leaves room to multiply by days or GPU seconds without overflow.

CREATE OR REPLACE MACRO is_short_amount(amount_text) AS
    regexp_full_match(amount_text, '[+-]?[0-9]{1,15}(\.[0-9]{1,20})?');

CREATE OR REPLACE MACRO is_amount(amount_text) AS
    regexp_full_match(amount_text, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?');

CREATE OR REPLACE MACRO amount_sign(amount_text) AS
    CASE WHEN amount_text[1] = '-' THEN '-' ELSE '' END;

CREATE OR REPLACE MACRO amount_digits(amount_text) AS
    replace(regexp_extract(amount_text, '^[+-]?([0-9]*\.?[0-9]*)', 1), '.', '');

-- NULL where the exponent is beyond any amount.
CREATE OR REPLACE MACRO amount_exponent(amount_text) AS
    CASE
        WHEN NOT regexp_matches(amount_text, '[eE]') THEN 0
        ELSE try_cast(regexp_extract(amount_text, '[eE]([+-]?[0-9]{1,3})$', 1) AS INTEGER)
    END;

-- Where the decimal point stands in the digits, counted from the left.
CREATE OR REPLACE MACRO amount_point(amount_text) AS
    length(regexp_extract(amount_text, '^[+-]?([0-9]*)', 1)) + amount_exponent(amount_text);

CREATE OR REPLACE MACRO whole_digits(digits, point) AS
    ltrim(CASE WHEN point <= 0 THEN '' ELSE substr(digits || repeat('0', greatest(point - length(digits), 0)), 1, point) END, '0');

CREATE OR REPLACE MACRO fraction_digits(digits, point) AS
    rtrim(CASE WHEN point < 0 THEN repeat('0', -point) || digits ELSE substr(digits, point + 1) END, '0');

-- The digits of an amount (none where all are zeros) as they stand left and right of its point; NULL where its exponent is beyond any
-- amount. A lambda, so that what is worked out once is also written out once: a file has a dozen amounts in a row, and DuckDB would plan
-- each use of each.
CREATE OR REPLACE MACRO amount_parts(amount_text) AS
    list_transform(
        [struct_pack(digits := amount_digits(amount_text), point := amount_point(amount_text))],
        lambda read: CASE
            WHEN ltrim(read.digits, '0') = '' THEN struct_pack(whole := '', fraction := '')
            WHEN read.point IS NOT NULL THEN struct_pack(
                whole := whole_digits(read.digits, read.point), fraction := fraction_digits(read.digits, read.point)
            )
        END
    );

CREATE OR REPLACE MACRO amount_state(amount_text) AS
    CASE
        WHEN amount_text IS NULL THEN 'missing'
        WHEN is_short_amount(amount_text) THEN 'ok'
        WHEN NOT is_amount(amount_text) THEN 'not_a_number'
        ELSE list_transform(
            amount_parts(amount_text),
            lambda part: CASE
                WHEN part IS NULL OR length(part.whole) > 15 THEN 'out_of_range'
                WHEN length(part.fraction) > 20 THEN 'rounded'
                ELSE 'ok'
            END
        )[1]
    END;

-- `fraction` holds more than 20 digits: is one more unit owed in the 20th place?
-- (No IN over five or more constants here: DuckDB plans it as a join, for every row.)
CREATE OR REPLACE MACRO rounds_up(fraction) AS
    CASE
        WHEN substr(fraction, 21) = '5' THEN contains('13579', fraction[20])
        ELSE substr(fraction, 21) > '5'
    END;

CREATE OR REPLACE MACRO long_amount(sign, whole, fraction) AS
    try_cast(sign || '0' || whole || '.' || substr(fraction || '00000000000000000000', 1, 20) AS DECIMAL(38, 20))
    + CASE
        WHEN NOT rounds_up(fraction) THEN CAST(0.00000000000000000000 AS DECIMAL(38, 20))
        WHEN sign = '-' THEN CAST('-0.00000000000000000001' AS DECIMAL(38, 20))
        ELSE CAST('0.00000000000000000001' AS DECIMAL(38, 20))
    END;

-- An amount as a whole number of 1e-20 units and back, for exact division (`/` on decimals gives a double).
CREATE OR REPLACE MACRO to_units(amount) AS
    CAST(replace(CAST(CAST(amount AS DECIMAL(38, 20)) AS VARCHAR), '.', '') AS HUGEINT);

CREATE OR REPLACE MACRO from_units(units) AS
    CAST(CAST(units AS DECIMAL(38, 0)) * CAST('0.00000000000000000001' AS DECIMAL(20, 20)) AS DECIMAL(38, 20));

-- An amount for people: without the zeros at the end of its fraction.
CREATE OR REPLACE MACRO without_zeros(amount) AS
    rtrim(rtrim(CAST(amount AS VARCHAR), '0'), '.');

-- How many digits stand after the point of a plain number.
CREATE OR REPLACE MACRO fraction_length(amount_text) AS
    CASE WHEN contains(amount_text, '.') THEN length(amount_text) - strpos(amount_text, '.') ELSE 0 END;

-- A plain number as a whole number of 1e-20 units: DuckDB reads that 25 times as fast as a DECIMAL(38, 20).
CREATE OR REPLACE MACRO short_amount_units(amount_text) AS
    try_cast(replace(amount_text, '.', '') || substr('00000000000000000000', 1 + fraction_length(amount_text)) AS HUGEINT);

-- The second branch says nothing new: most amounts fit 64 bits, and are read faster still. The casts are tries because DuckDB may
-- take the values of a dictionary through a branch that is not theirs.
CREATE OR REPLACE MACRO parse_amount(amount_text) AS
    CASE
        WHEN amount_text IS NULL THEN NULL
        WHEN regexp_full_match(amount_text, '[+-]?[0-9]{1,6}(\.[0-9]{1,12})?')
            THEN CAST(try_cast(amount_text AS DECIMAL(18, 12)) AS DECIMAL(38, 20))
        WHEN is_short_amount(amount_text) THEN from_units(short_amount_units(amount_text))
        WHEN is_amount(amount_text) THEN list_transform(
            amount_parts(amount_text),
            lambda part: CASE
                WHEN length(part.whole) <= 15 THEN long_amount(amount_sign(amount_text), part.whole, part.fraction)
            END
        )[1]
    END;

-- numerator / denominator (positive), half-even.
CREATE OR REPLACE MACRO divide_half_even(numerator, denominator) AS
    (numerator // denominator)
    + CAST(CASE
        WHEN 2 * abs(numerator % denominator) > denominator
            OR (2 * abs(numerator % denominator) = denominator AND (numerator // denominator) % 2 <> 0)
            THEN sign(numerator)
        ELSE 0
    END AS HUGEINT);

CREATE OR REPLACE MACRO currency_state(code) AS
    CASE
        WHEN code IS NULL THEN 'missing'
        WHEN regexp_full_match(code, '[A-Z]{3}') THEN 'ok'
        ELSE 'not_a_code'
    END;

-- An amount in one currency, in another: times the one rate, by the other, half-even. It is divided before it is multiplied, so that
-- no product overflows.
CREATE OR REPLACE MACRO converted(amount, own_units, reporting_units) AS
    from_units(
        to_units(amount) // own_units * reporting_units
        + divide_half_even(to_units(amount) % own_units * reporting_units, own_units)
    );

-- A quantity as a whole number of millionths.
CREATE OR REPLACE MACRO millionths(quantity) AS
    CAST(replace(CAST(CAST(quantity AS DECIMAL(38, 6)) AS VARCHAR), '.', '') AS HUGEINT);
