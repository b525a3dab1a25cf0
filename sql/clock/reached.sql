-- The milestones of the plans in force, as seen on the day `as_of`: what came of each, and since when it is reached. It is worth its
-- value from that day on, and nothing before: how much time has passed says nothing of it.
CREATE OR REPLACE TEMP VIEW reached AS
WITH line AS (
    SELECT
        milestones.model_id,
        milestones.milestone,
        charges.source,
        CAST(coalesce(charges.charge_period_end - INTERVAL 1 MICROSECOND, charges.x_issued_at) AS DATE) AS day,
        charges.consumed_quantity AS amount
    FROM outlook.milestones
    INNER JOIN books.charges
        ON milestones.source = charges.source
        AND coalesce(lower(milestones.unit) = lower(charges.consumed_unit), milestones.unit IS NULL)
    SEMI JOIN books.costs
        ON milestones.model_id = costs.model_id
        AND charges.x_delivery_id = costs.x_delivery_id
        AND charges.x_line = costs.x_line
        AND charges.x_part = costs.x_part
    WHERE milestones.way = 'labels' AND charges.consumed_quantity IS NOT NULL
),

by_day AS (
    SELECT model_id, milestone, day, sum(amount) AS amount, 'the lines of ' || any_value(source) AS evidence
    FROM line
    WHERE day <= getvariable('as_of')
    GROUP BY model_id, milestone, day
),

told AS (
    SELECT milestone_reports.*, milestones.way
    FROM outlook.milestone_reports
    INNER JOIN outlook.milestones USING (model_id, milestone)
    WHERE milestones.source IS NULL AND milestone_reports.reached_on <= getvariable('as_of')
    -- Of a gate the last word counts; of labels the last of each day.
    QUALIFY row_number() OVER (
        PARTITION BY
            milestone_reports.model_id,
            milestone_reports.milestone,
            CASE WHEN milestones.way = 'labels' THEN milestone_reports.reached_on END
        ORDER BY milestone_reports.event_id DESC
    ) = 1
),

accepted AS (
    SELECT
        model_id,
        milestone,
        day,
        CAST(sum(amount) OVER (PARTITION BY model_id, milestone ORDER BY day) AS DOUBLE) AS amount,
        evidence
    FROM by_day
    UNION ALL
    SELECT model_id, milestone, reached_on AS day, CAST(amount AS DOUBLE) AS amount, evidence || ', told by ' || told_by AS evidence
    FROM told
    WHERE way = 'labels' AND NOT is_withdrawn
),

below AS (
    SELECT accepted.model_id, accepted.milestone, max(accepted.day) AS day
    FROM accepted
    INNER JOIN outlook.milestones USING (model_id, milestone)
    WHERE accepted.amount < milestones.needed
    GROUP BY accepted.model_id, accepted.milestone
),

counted AS (
    SELECT
        accepted.model_id,
        accepted.milestone,
        arg_max(accepted.amount, accepted.day) AS came,
        -- From then on they stay accepted: what was taken back later never was.
        min(accepted.day) FILTER (accepted.day > coalesce(below.day, DATE '0001-01-01')) AS reached_on,
        arg_min(accepted.evidence, accepted.day) FILTER (accepted.day > coalesce(below.day, DATE '0001-01-01')) AS evidence
    FROM accepted
    LEFT JOIN below USING (model_id, milestone)
    GROUP BY accepted.model_id, accepted.milestone
),

scored AS (
    SELECT
        milestones.model_id,
        milestones.milestone,
        CASE WHEN bool_and(evals.higher_is_better) THEN max(evals.score) ELSE min(evals.score) END AS came,
        arg_min(evals.evaluated_at, evals.evaluated_at) FILTER (CASE
            WHEN evals.higher_is_better THEN evals.score >= milestones.needed
            ELSE evals.score <= milestones.needed
        END) AS reached_at,
        arg_min(evals.model_version, evals.evaluated_at) FILTER (CASE
            WHEN evals.higher_is_better THEN evals.score >= milestones.needed
            ELSE evals.score <= milestones.needed
        END) AS version
    FROM outlook.milestones
    INNER JOIN books.evals
        ON milestones.model_id = evals.model_id AND milestones.task = evals.task AND milestones.metric = evals.metric
    WHERE milestones.way = 'score'
        AND evals.status = 'current'
        AND evals.higher_is_better IS NOT NULL
        AND evals.evaluated_at < getvariable('as_of') + INTERVAL 1 DAY
    GROUP BY milestones.model_id, milestones.milestone
),

came AS (
    SELECT model_id, milestone, came, reached_on, evidence FROM counted
    UNION ALL
    SELECT model_id, milestone, came, CAST(reached_at AS DATE), 'the score of ' || coalesce(version, 'an unnamed version')
    FROM scored
    UNION ALL
    SELECT model_id, milestone, NULL, reached_on, evidence || ', told by ' || told_by
    FROM told
    WHERE way = 'gate' AND NOT is_withdrawn
)

SELECT
    milestones.*,
    came.came,
    came.reached_on,
    CASE WHEN came.reached_on IS NOT NULL THEN came.evidence END AS evidence
FROM outlook.milestones
LEFT JOIN came USING (model_id, milestone)
