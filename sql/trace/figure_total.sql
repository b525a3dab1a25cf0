-- The figure itself: the sum over every charge that fits.
SELECT
    count(DISTINCT x_charge_id) AS charge_count,
    sum(/* amount */ cost) AS total,
    any_value(currency) AS currency
FROM costs
WHERE /* fits */ TRUE
