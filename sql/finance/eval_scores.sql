-- Scores of evaluations, each as last delivered.
-- model_id: the model
-- model_version: the version evaluated: what the source's `version` finds in the path, else the revision or name in the file
-- task: the benchmark or task, a group of tasks being one too
-- metric: the metric, with its answer filter where there is one (exact_match,strict-match)
-- score: the score
-- stderr: its standard error; NULL where the harness gives none
-- n: samples evaluated; NULL where the file does not say
-- higher_is_better: whether a higher score is the better one
-- evaluated_at: when it was evaluated, UTC; the day it was received where neither the file nor its name says
-- task_version: the task's version; scores of another version, number of examples or prompt are never held against it
-- shots: how many examples were shown
-- prompts: a hash of what was asked: the task's prompt, the system's instruction, the chat's template; NULL where not told
-- source: the source that delivered it
-- delivery_id: the delivery it came in
-- line: the line of that file its task starts on
SELECT
    model_id,
    model_version,
    task,
    metric,
    score,
    stderr,
    n,
    higher_is_better,
    evaluated_at,
    task_version,
    shots,
    prompts,
    source,
    x_delivery_id AS delivery_id,
    x_line AS line
FROM books.evals
WHERE status = 'current'
ORDER BY model_id, task, metric, evaluated_at, model_version
