-- What counts is the effective cost, no more and no less: in the reporting currency as it stands, in another as it was converted
-- at the rate of its day; 0 where a bill covers it or the tax comes back, and the rest where a bill covers part of it.
WITH counted AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        count(DISTINCT share_no) AS share_count,
        sum(costs.cost) AS cost,
        sum(costs.billed) AS billed,
        bool_or(costs.is_covered) AS is_covered,
        bool_or(costs.is_converted) AS is_converted
    FROM books.costs
    GROUP BY ALL
),

charge AS (
    SELECT
        charges.*,
        uncovered(
            CASE WHEN fx.day IS NULL THEN charges.effective_cost
                ELSE converted(charges.effective_cost, fx.own_units, fx.reporting_units) END,
            coalesce(covered.covered_parts % covered.all_parts, 0),
            coalesce(covered.all_parts, 1)
        ) AS effective,
        CASE WHEN fx.day IS NULL THEN charges.billed_cost
            ELSE converted(charges.billed_cost, fx.own_units, fx.reporting_units) END AS billed_once
    FROM books.charges
    LEFT JOIN books.covered USING (x_delivery_id, x_line, x_part)
    LEFT JOIN books.fx
        ON charges.billing_currency = fx.currency
        AND CAST(coalesce(charges.x_issued_at, charges.charge_period_start) AS DATE) = fx.day
)

SELECT
    'charge ' || charge.x_delivery_id || ':' || charge.x_line || ':' || charge.x_part AS subject,
    'it counts as ' || coalesce(CAST(counted.cost AS VARCHAR), 'nothing') || ' and is '
    || coalesce(CAST(charge.effective AS VARCHAR), 'nothing') AS fault
FROM charge
INNER JOIN counted USING (x_delivery_id, x_line, x_part)
-- Each share is rounded when it is converted: half a unit of the last place apiece.
WHERE (
        counted.cost IS NOT NULL
        AND NOT counted.is_covered
        AND NOT (charge.charge_category IS NOT DISTINCT FROM 'Tax' AND getvariable('tax') = 'recoverable')
        AND abs(to_units(counted.cost) - to_units(charge.effective)) > CASE WHEN counted.is_converted THEN share_count ELSE 0 END
    )
    OR (
        counted.billed IS NOT NULL
        AND abs(to_units(counted.billed) - to_units(charge.billed_once)) > CASE WHEN counted.is_converted THEN share_count ELSE 0 END
    )
