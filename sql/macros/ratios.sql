-- A ratio of two amounts, to six places, half-even; NULL where the second is zero or less. In two steps of a thousand, so that
-- no amount overflows.
CREATE OR REPLACE MACRO ratio_of_units(top, bottom) AS
    CAST(
        CAST(CASE WHEN sign(top) * sign(bottom) < 0 THEN -1 ELSE 1 END AS HUGEINT) * (
            abs(top) // abs(bottom) * 1000000
            + abs(top) % abs(bottom) * 1000 // abs(bottom) * 1000
            + divide_half_even(abs(top) % abs(bottom) * 1000 % abs(bottom) * 1000, abs(bottom))
        ) AS DECIMAL(38, 0)
    ) * 0.000001;

CREATE OR REPLACE MACRO ratio(amount, base) AS
    CASE WHEN base > 0 THEN ratio_of_units(to_units(amount), to_units(base)) END;

-- The part that one amount is of another, 0 to 1; NULL where it is no such part: where either is less than nothing, or the part more
-- than the whole, as after a credit.
CREATE OR REPLACE MACRO share_of(part, whole) AS
    CASE WHEN part BETWEEN 0 AND whole THEN ratio(part, whole) END;

-- True cost by training-only cost: NULL unless training-only cost is a part of it that is more than nothing.
CREATE OR REPLACE MACRO multiplier_of(true_cost, training_only) AS
    CASE WHEN true_cost >= training_only THEN ratio(true_cost, training_only) END;

-- Why there is no multiplier `of_when`; NULL where there is one. The counts are of rows that are training-only cost: of all, and of those
-- without a price and without a rate; and of runs that were promoted then, whatever their cost.
CREATE OR REPLACE MACRO why_no_multiplier(unpriced, unconverted, rows_of_runs, promoted, training_only, true_cost, of_when) AS
    CASE
        WHEN unpriced > 0 THEN 'the usage of its runs has no price'
        WHEN unconverted > 0 THEN 'the usage of its runs is not converted'
        WHEN rows_of_runs = 0 AND promoted > 0 THEN 'no compute of a promoted run ' || of_when
        WHEN rows_of_runs = 0 THEN 'no promoted run ' || of_when
        WHEN training_only = 0 THEN 'its promoted runs cost nothing ' || of_when
        WHEN training_only < 0 THEN 'training-only cost is less than nothing ' || of_when
        WHEN true_cost < training_only THEN 'true cost is less than training-only cost ' || of_when
    END;
