-- What was decided at the end of each re-evaluation, and why.
-- model_id: the model
-- decided_at: when, UTC
-- verdict: hold, re_evaluate or retrain
-- currency: currency of every amount in the row
-- staleness_cost: what the wrong answers of the fallen score cost over the horizon; NULL where it is not known
-- retrain_cost: what the last completed round cost, without serving; NULL where it is not known
-- reasons: why, in words
-- reevaluation_id: number of the re-evaluation in the journal
-- opened_at: when it was opened, UTC
-- triggers: the rules whose alerts opened it; asked where someone did
-- evaluation: scored, no_score, failed, timed_out or not_configured: how the eval command ended
SELECT
    decision.model_id,
    decision.happened_at AS decided_at,
    json_extract_string(decision.data, '$.verdict') AS verdict,
    json_extract_string(decision.data, '$.currency') AS currency,
    CAST(json_extract_string(decision.data, '$.staleness_cost') AS DECIMAL(38, 20)) AS staleness_cost,
    CAST(json_extract_string(decision.data, '$.retrain_cost') AS DECIMAL(38, 20)) AS retrain_cost,
    CAST(json_extract(decision.data, '$.reasons') AS VARCHAR[]) AS reasons,
    opened.event_id AS reevaluation_id,
    opened.happened_at AS opened_at,
    CAST(json_extract(opened.data, '$.triggers') AS VARCHAR[]) AS triggers,
    json_extract_string(decision.data, '$.evaluation') AS evaluation
FROM outlook.events AS decision
INNER JOIN outlook.events AS opened
    ON CAST(json_extract(decision.data, '$.reevaluation_id') AS INTEGER) = opened.event_id
SEMI JOIN config_models ON decision.model_id = config_models.model_id
WHERE decision.kind = 'decision' AND decision.happened_at < getvariable('as_of') + INTERVAL 1 DAY
ORDER BY decision.event_id
