-- What finished rounds and past forecasts taught: what a plan that `truecost plan new` writes today starts from in place of a default. Defaults are moved towards what was seen, the further the more was seen (docs/plans.md).
-- as_of: the day
-- default_name: the key of a plan
-- low: the low end; NULL where it has no range
-- likely: the figure
-- high: the high end; NULL where it has no range
-- learned_from: what it was learned from
SELECT as_of, default_name, low, likely, high, learned_from
FROM outlook.lessons
ORDER BY default_name
