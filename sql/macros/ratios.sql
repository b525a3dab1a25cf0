-- A ratio of two amounts, to six places, half-even; NULL where the second is zero.
CREATE OR REPLACE TEMP MACRO ratio(amount, base) AS
    CASE
        WHEN base <> 0 THEN CAST(
            divide_half_even(
                to_units(amount) // 10000000000 * 1000000 * CAST(sign(base) AS HUGEINT), abs(to_units(base) // 10000000000)
            ) AS DECIMAL(38, 0)
        ) * 0.000001
    END;
