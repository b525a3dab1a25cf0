-- From what the bills say to the true cost, a row a step: each step's amount is what it adds, and `true` is where they end.
-- model_id: the model; NULL for what no model bears
-- quarter: fiscal quarter
-- currency: currency of amount
-- step: billed: bills in the reporting currency that are the model's own. effective: what those costs differ by when each counts in the months it serves: invoices spread over their service period, commitments over what they cover, recoverable tax left out, usage and staff time priced. accrual: usage whose bill has not come. fx: costs in other currencies, converted. allocation: shares of bills that several models use. idle: paid capacity that nobody used. adjustment: what came or changed after its quarter was closed. true: the true cost, their sum
-- position: the order of the steps
-- amount: what the step adds; at `true`, the sum
WITH classed AS (
    SELECT
        model_id,
        quarter,
        quarter_start,
        bridge_step(is_adjustment, is_idle, share_no, is_converted, is_accrued) AS class,
        sum(cost) AS cost,
        sum(billed) AS billed
    FROM books.posted
    WHERE cost IS NOT NULL
    GROUP BY model_id, quarter, quarter_start, class
),

step AS (
    SELECT listed.position, listed.step
    FROM (
        VALUES (1, 'billed'), (2, 'effective'), (3, 'accrual'), (4, 'fx'), (5, 'allocation'), (6, 'idle'), (7, 'adjustment'), (8, 'true')
    ) AS listed (position, step)
),

amount AS (
    SELECT
        classed.model_id,
        classed.quarter,
        classed.quarter_start,
        step.position,
        step.step,
        CAST(coalesce(sum(
            CASE
                WHEN step.step = 'billed' THEN CASE WHEN class = 'own' THEN billed ELSE 0 END
                WHEN step.step = 'effective' THEN CASE WHEN class = 'own' THEN cost - billed ELSE 0 END
                WHEN step.step = 'true' THEN cost
                WHEN step.step = class THEN cost
                ELSE 0
            END
        ), 0) AS DECIMAL(38, 20)) AS amount
    FROM classed
    CROSS JOIN step
    GROUP BY classed.model_id, classed.quarter, classed.quarter_start, step.position, step.step
)

SELECT model_id, quarter, getvariable('reporting_currency') AS currency, step, position, amount
FROM amount
ORDER BY model_id NULLS LAST, quarter_start, position
