-- The milestones of the plans in force, and which of them are reached, when, and what shows it.
-- model_id: the fine-tuned model
-- milestone: its name in the plan
-- stage: the stage whose work it stands for; NULL where that is the whole plan
-- planned_on: the day it was to be reached
-- as_of: the day
-- currency: currency of every amount in the row
-- value: what it is worth: as the plan says, or its share of the stage's planned mean or of the plan's budget
-- way: how it is reached: labels, score or gate
-- condition: what has to come: so many labels, a score, or what the gate is
-- needed: labels that have to be accepted, or the score that has to be reached; NULL for a gate
-- came: labels accepted so far, or the best score; NULL for a gate, and where there is none yet
-- reached_on: the day it was reached; NULL where it is not
-- evidence: what shows it
-- state: reached; late, where its day has passed; to_come
SELECT
    model_id,
    milestone,
    stage,
    planned_on,
    CAST(getvariable('as_of') AS DATE) AS as_of,
    currency,
    value,
    way,
    CASE way
        WHEN 'labels' THEN format('{:,d}', CAST(needed AS BIGINT)) || ' ' || coalesce(unit, 'labels') || ' accepted'
        WHEN 'score' THEN task || ', ' || metric || ': ' || needed
        ELSE gate
    END AS condition,
    needed,
    came,
    reached_on,
    evidence,
    CASE
        WHEN reached_on IS NOT NULL THEN 'reached'
        WHEN planned_on < getvariable('as_of') THEN 'late'
        ELSE 'to_come'
    END AS state
FROM reached
ORDER BY model_id, place
