-- Training runs begun before the day after the quarter ($1); one that says nothing of when counts as begun.
SELECT run_id, parent_run_id, model_id, round, outcome, gpu_hours, cost, activity, is_lower_bound
FROM training_runs
WHERE coalesce(started_at, decided_at, TIMESTAMP '-infinity') < $1
ORDER BY model_id, round, run_id
