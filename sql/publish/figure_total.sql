-- The figure itself: the sum over every charge that fits; NULL where they are in several currencies.
SELECT
    count(DISTINCT x_charge_id) AS charge_count,
    CASE WHEN count(DISTINCT currency) <= 1 THEN sum({{amount}}) END AS total,
    CASE WHEN count(DISTINCT currency) <= 1 THEN any_value(currency) END AS currency
FROM {{costs}}
WHERE {{fits}}
