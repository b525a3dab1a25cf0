-- What was decided at the end of each re-evaluation, and why; what was done about it and by whom; what came of it a quarter later.
-- model_id: the model
-- decided_at: when, UTC
-- verdict: hold, re_evaluate or retrain
-- currency: currency of every amount in the row
-- staleness_cost: what the fallen score costs over the horizon; NULL where it is not known
-- retrain_cost: what a retraining costs, by the last completed round without serving and upkeep, else by the plan; NULL where it is not known
-- is_lower_bound: whether it costs at least that, since what the last one cost is not known in full
-- reasons: why, in words
-- reevaluation_id: number of the re-evaluation in the journal
-- opened_at: when it was opened, UTC
-- triggers: the rules whose alerts opened it; asked where someone did; worsened or due where a hold was asked again
-- evaluation: scored, no_score, failed, timed_out, over_budget or not_configured: how the eval command ended
-- decision_id: number of the decision: `truecost decisions show ID`
-- stand: open, accepted, rejected or done: what was last said of it
-- stood_by: who said so
-- stood_because: why
-- stood_at: when, UTC
-- staleness_p10: the tenth percentile of staleness_cost, by the errors of the scores
-- staleness_p90: the ninetieth
-- break_even_days: after how many days a retraining begun then has saved what it costs; NULL where nothing had fallen
-- feature: the score that fell furthest
-- score: that score when it was decided
-- fall: how far below the deployed baseline it was, in its own unit
-- expected_fall_after: how far below it a retrained model was expected to be
-- ask_again_on: the day on which a hold is asked again at the latest
-- outcome_at: when its outcome was written, UTC; NULL while that is not due
-- score_after: the newest score by then
-- fall_after: how far below the same baseline that is
-- won_share: the share of the fall that was won back
-- cost_after: what the model had cost since the month of the decision, without serving
WITH known AS (
    SELECT event_id, kind, happened_at, model_id, data
    FROM outlook.events
    WHERE kind IN ('decision', 'followed', 'outcome') AND happened_at < getvariable('as_of') + INTERVAL 1 DAY
),

followed AS (
    SELECT
        CAST(json_extract(data, '$.decision_id') AS INTEGER) AS decision_id,
        happened_at,
        json_extract_string(data, '$.did') AS did,
        json_extract_string(data, '$.by') AS stood_by,
        json_extract_string(data, '$.reason') AS stood_because
    FROM known
    WHERE kind = 'followed'
    QUALIFY row_number() OVER (PARTITION BY decision_id ORDER BY event_id DESC) = 1
),

outcome AS (
    SELECT CAST(json_extract(data, '$.decision_id') AS INTEGER) AS decision_id, happened_at, data
    FROM known
    WHERE kind = 'outcome'
    QUALIFY row_number() OVER (PARTITION BY decision_id ORDER BY event_id DESC) = 1
)

SELECT
    decision.model_id,
    decision.happened_at AS decided_at,
    json_extract_string(decision.data, '$.verdict') AS verdict,
    json_extract_string(decision.data, '$.currency') AS currency,
    CAST(json_extract_string(decision.data, '$.staleness_cost') AS DECIMAL(38, 20)) AS staleness_cost,
    CAST(json_extract_string(decision.data, '$.retrain_cost') AS DECIMAL(38, 20)) AS retrain_cost,
    coalesce(CAST(json_extract(decision.data, '$.retrain_cost_is_at_least') AS BOOLEAN), FALSE) AS is_lower_bound,
    CAST(json_extract(decision.data, '$.reasons') AS VARCHAR[]) AS reasons,
    opened.event_id AS reevaluation_id,
    opened.happened_at AS opened_at,
    CAST(json_extract(opened.data, '$.triggers') AS VARCHAR[]) AS triggers,
    json_extract_string(decision.data, '$.evaluation') AS evaluation,
    decision.event_id AS decision_id,
    CASE followed.did
        WHEN 'accept' THEN 'accepted'
        WHEN 'reject' THEN 'rejected'
        WHEN 'done' THEN 'done'
        ELSE 'open'
    END AS stand,
    followed.stood_by,
    followed.stood_because,
    followed.happened_at AS stood_at,
    CAST(round(CAST(json_extract(decision.data, '$.staleness_low') AS DOUBLE), 2) AS DECIMAL(38, 20)) AS staleness_p10,
    CAST(round(CAST(json_extract(decision.data, '$.staleness_high') AS DOUBLE), 2) AS DECIMAL(38, 20)) AS staleness_p90,
    CAST(json_extract(decision.data, '$.break_even_days') AS DOUBLE) AS break_even_days,
    json_extract_string(decision.data, '$.feature') AS feature,
    CAST(json_extract(decision.data, '$.score') AS DOUBLE) AS score,
    CAST(json_extract(decision.data, '$.fall') AS DOUBLE) AS fall,
    CAST(json_extract(decision.data, '$.expected_fall_after') AS DOUBLE) AS expected_fall_after,
    CAST(json_extract_string(decision.data, '$.ask_again_on') AS DATE) AS ask_again_on,
    outcome.happened_at AS outcome_at,
    CAST(json_extract(outcome.data, '$.score') AS DOUBLE) AS score_after,
    CAST(json_extract(outcome.data, '$.fall') AS DOUBLE) AS fall_after,
    CAST(json_extract(outcome.data, '$.won_share') AS DOUBLE) AS won_share,
    CAST(json_extract_string(outcome.data, '$.cost') AS DECIMAL(38, 20)) AS cost_after
FROM known AS decision
INNER JOIN outlook.events AS opened
    ON CAST(json_extract(decision.data, '$.reevaluation_id') AS INTEGER) = opened.event_id
LEFT JOIN followed ON decision.event_id = followed.decision_id
LEFT JOIN outcome ON decision.event_id = outcome.decision_id
SEMI JOIN config_models ON decision.model_id = config_models.model_id
WHERE decision.kind = 'decision'
ORDER BY decision.event_id
