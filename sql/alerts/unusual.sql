-- Days on which a source cost far more than its own history lets expect, of the last $recent days that it has cost: a row a run of such
-- days, with what it is most in.
--
-- A day is held against the same weekday of the last eight weeks: its logarithm (with a twentieth of a middle day added, so that days
-- without cost count) less their median, and less the median of such differences over the 14 days before, by which a level that has moved
-- is known. How far that lies apart is told by the 56 days before: 1.4826 times the median of its size (MAD), a twentieth at least. A day is out
-- of line where it lies $errors of these above, costs by $least more than expected, and the excess is as much of a middle day. Before six weeks
-- of a weekday, a week of differences and 28 days of how far they lie apart there is no history: eleven weeks. Nor is there for a weekday
-- that mostly costs nothing, and for a source that had no cost on two days in five.
-- Only charges of a day or less are looked at: a monthly bill has no days of its own.
WITH charged AS (
    SELECT
        charges.source,
        CAST(charges.charge_period_start AS DATE) AS day,
        posted.model_id,
        posted.stage,
        CAST(sum(posted.cost) AS DOUBLE) AS cost
    FROM books.posted
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
    WHERE posted.cost IS NOT NULL
        AND NOT posted.is_adjustment
        AND posted.month >= getvariable('as_of') - INTERVAL 9 MONTH
        AND charges.charge_period_start < getvariable('as_of') + INTERVAL 1 DAY
        AND charges.charge_period_end <= charges.charge_period_start + INTERVAL 1 DAY
    GROUP BY ALL
),

span AS (
    SELECT source, min(day) AS first_day, max(day) AS last_day FROM charged GROUP BY source
),

daily AS (
    SELECT calendar.source, calendar.day, calendar.last_day, coalesce(sum(charged.cost), 0) AS cost
    FROM (
        SELECT
            source,
            last_day,
            CAST(unnest(generate_series(CAST(first_day AS TIMESTAMP), CAST(last_day AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS day
        FROM span
    ) AS calendar
    LEFT JOIN charged ON calendar.source = charged.source AND calendar.day = charged.day
    GROUP BY calendar.source, calendar.day, calendar.last_day
),

middle AS (
    SELECT source, median(cost) AS cost FROM daily WHERE cost > 0 GROUP BY source
),

measured AS (
    SELECT daily.*, middle.cost AS middle_cost, ln(greatest(daily.cost, 0) + middle.cost / 20) AS height
    FROM daily
    INNER JOIN middle USING (source)
),

weekday AS (
    SELECT measured.source, measured.day, median(before.height) AS height
    FROM measured
    INNER JOIN measured AS before
        ON measured.source = before.source
        AND before.day BETWEEN measured.day - 56 AND measured.day - 7
        AND date_diff('day', before.day, measured.day) % 7 = 0
    GROUP BY measured.source, measured.day
    HAVING count(*) >= 6 AND median(before.cost) > 0
),

-- A source that speaks now and then has no usual day.
steady AS (
    SELECT measured.source, measured.day
    FROM measured
    INNER JOIN measured AS before
        ON measured.source = before.source AND before.day BETWEEN measured.day - 56 AND measured.day - 1
    GROUP BY measured.source, measured.day
    HAVING count(*) FILTER (before.cost > 0) >= 0.6 * count(*)
),

apart AS (
    SELECT measured.*, weekday.height AS usual_height, measured.height - weekday.height AS difference
    FROM measured
    INNER JOIN weekday USING (source, day)
),

level AS (
    SELECT apart.source, apart.day, median(before.difference) AS level
    FROM apart
    INNER JOIN apart AS before
        ON apart.source = before.source AND before.day BETWEEN apart.day - 14 AND apart.day - 1
    GROUP BY apart.source, apart.day
    HAVING count(*) >= 7
),

off AS (
    SELECT apart.*, level.level, apart.difference - level.level AS distance
    FROM apart
    INNER JOIN level USING (source, day)
),

spread AS (
    SELECT off.source, off.day, median(abs(before.distance)) AS mad
    FROM off
    INNER JOIN off AS before
        ON off.source = before.source AND before.day BETWEEN off.day - 56 AND off.day - 1
    GROUP BY off.source, off.day
    HAVING count(*) >= 28
),

judged AS (
    SELECT
        off.source,
        off.day,
        off.cost,
        greatest(exp(off.usual_height + off.level) - off.middle_cost / 20, 0) AS expected
    FROM off
    INNER JOIN spread USING (source, day)
    SEMI JOIN steady ON off.source = steady.source AND off.day = steady.day
    WHERE off.day > off.last_day - $recent
        AND off.last_day > getvariable('as_of') - INTERVAL 62 DAY
        AND off.distance > $errors * greatest(1.4826 * spread.mad, 0.05)
        AND off.cost > (1 + $least) * expected
        AND off.cost - expected > $least * off.middle_cost
),

run AS (
    SELECT *, sum(CASE WHEN day - day_before <= 7 THEN 0 ELSE 1 END) OVER (PARTITION BY source ORDER BY day) AS run_no
    FROM (SELECT *, lag(day) OVER (PARTITION BY source ORDER BY day) AS day_before FROM judged) AS in_order
),

-- What it is most in: by model and stage, what the day cost more than a middle one of the same weekdays.
part AS (
    SELECT run.source, run.run_no, charged.model_id, charged.stage, charged.day, charged.cost
    FROM run
    INNER JOIN charged USING (source, day)
),

part_before AS (
    SELECT part.source, part.run_no, part.model_id, part.stage, part.day, part.cost, coalesce(sum(before.cost), 0) / 8 AS usual
    FROM part
    LEFT JOIN charged AS before
        ON part.source = before.source
        AND coalesce(part.model_id, '') = coalesce(before.model_id, '')
        AND part.stage = before.stage
        AND before.day BETWEEN part.day - 56 AND part.day - 7
        AND date_diff('day', before.day, part.day) % 7 = 0
    GROUP BY part.source, part.run_no, part.model_id, part.stage, part.day, part.cost
),

driver AS (
    SELECT source, run_no, model_id, stage, sum(cost - usual) AS excess
    FROM part_before
    GROUP BY source, run_no, model_id, stage
),

drivers AS (
    SELECT
        source,
        run_no,
        list({'model_id': model_id, 'stage': stage, 'excess': excess} ORDER BY excess DESC, model_id, stage) FILTER (excess > 0) AS drivers
    FROM driver
    GROUP BY source, run_no
)

SELECT
    run.source,
    min(run.day) AS first_day,
    max(run.day) AS last_day,
    count(*) AS days,
    CAST(sum(run.cost) AS DECIMAL(38, 2)) AS cost,
    CAST(sum(run.expected) AS DECIMAL(38, 2)) AS expected,
    getvariable('reporting_currency') AS currency,
    coalesce(any_value(drivers.drivers), []) AS drivers
FROM run
LEFT JOIN drivers USING (source, run_no)
GROUP BY run.source, run.run_no
ORDER BY sum(run.cost) - sum(run.expected) DESC, run.source, min(run.day)
