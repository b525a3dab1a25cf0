-- A ratio of two amounts, to six places, half-even; NULL where the second is zero. In two steps of a thousand, so that
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
    CASE WHEN base <> 0 THEN ratio_of_units(to_units(amount), to_units(base)) END;
