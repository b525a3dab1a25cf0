-- The charges behind a figure, costliest first, with the file and line each came from. A charge that is no longer current (its delivery
-- is superseded, or it was withdrawn) has its place all the same, and why it counts; of what was posted for truecost.toml no line is known.
WITH figure AS (
    SELECT
        x_charge_id,
        sum({{amount}}) AS cost,
        string_agg(DISTINCT stage, ', ' ORDER BY stage) AS stage,
        string_agg(DISTINCT reason, ', ' ORDER BY reason) AS reason
    FROM {{costs}}
    WHERE {{fits}}
    GROUP BY x_charge_id
    ORDER BY cost DESC NULLS LAST, x_charge_id
    LIMIT getvariable('shown_charges')
),

placed AS (
    SELECT
        *,
        CAST(split_part(x_charge_id, ':', 1) AS INTEGER) AS delivery_id,
        CAST(nullif(split_part(x_charge_id, ':', 2), '0') AS BIGINT) AS line
    FROM figure
)

SELECT
    placed.x_charge_id AS charge_id,
    placed.cost,
    coalesce(deliveries.file, 'truecost.toml') AS file,  -- what truecost.toml says comes from no delivery
    placed.line,
    charges.charge_period_start,
    charges.charge_description,
    placed.stage,
    placed.reason,
    charges.x_charge_id IS NOT NULL AS is_current,
    charges.x_rule AS rule
FROM placed
LEFT JOIN charges USING (x_charge_id)
LEFT JOIN deliveries ON placed.delivery_id = deliveries.delivery_id
ORDER BY placed.cost DESC NULLS LAST, placed.x_charge_id
