-- The mean quantile loss of a forecast's P10, P50 and P90: 0.1, 0.5 and 0.9 of what one lies below the actual, 0.9, 0.5 and 0.1 of what it
-- lies above (Koenker and Bassett 1978).
CREATE OR REPLACE MACRO pinball_loss(p10, p50, p90, actual) AS
    list_sum([
        greatest(0.1 * (actual - p10), 0.9 * (p10 - actual)),
        0.5 * abs(actual - p50),
        greatest(0.9 * (actual - p90), 0.1 * (p90 - actual))
    ]) / 3;

-- A part of what came, to twelve digits; NULL where nothing did.
CREATE OR REPLACE MACRO share_of_actual(part, actual) AS
    CAST(CAST(part AS DOUBLE) / nullif(CAST(actual AS DOUBLE), 0) AS DECIMAL(38, 12));
