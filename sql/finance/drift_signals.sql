-- What production and the evals say of each model: how far the current window of requests is from the reference window, feature by
-- feature, and how far eval scores fell below the deployed baseline. Earlier windows stay.
-- model_id: the model
-- window_start: start of the window that is judged, UTC; of an eval drop, when the baseline was evaluated
-- window_end: its end, exclusive, UTC; of an eval drop, when the score was evaluated
-- reference_start: start of the window it is held against, UTC
-- reference_end: its end, exclusive, UTC
-- feature: the quantity or feature of the requests; `dataset` for all of them together; of an eval drop, task and metric
-- method: Evidently's wasserstein or jensenshannon; in the column's own terms level, slope, spread, share, missing, unseen, new_words or absent; estimated_quality; share_of_drifted_features; eval_drop
-- value: what the method measured; NULL where there was too little to compare
-- threshold: what it may reach before it counts; of an eval drop, NULL where no error is known
-- drifted: whether it counts as drift
-- verdict: drift, stable, absent, too_few_rows; of an eval drop also no_error_known and no_direction_known
-- reference_rows: requests in the reference window, or examples behind the baseline score
-- current_rows: requests in the window, or examples behind the score
-- report: Evidently's report of the window, relative to the workspace
-- change: what moved, with its sign: of level, slope and spread a share (0.2: a fifth more), else points of a share; of an eval drop, the score's change
-- smallest: the smallest such change that matters
-- detail: which value moved most; of an eval drop, the interval of the change
-- since: the end of the window in which it was first told
-- is_newest: whether it is the model's newest window, or the newest score of its task and metric
SELECT
    model_id,
    window_start,
    window_end,
    reference_start,
    reference_end,
    feature,
    method,
    value,
    threshold,
    drifted,
    verdict,
    reference_rows,
    current_rows,
    report,
    change,
    smallest,
    detail,
    since,
    window_end = max(window_end) OVER (
        PARTITION BY model_id, method = 'eval_drop', CASE WHEN method = 'eval_drop' THEN feature END
    ) AS is_newest
FROM outlook.drift_signals
SEMI JOIN config_models USING (model_id)
ORDER BY model_id, window_end, method = 'eval_drop', feature <> 'dataset', feature, window_start
