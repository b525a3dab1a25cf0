-- Promoted runs that no cost is linked to.
SELECT
    deliveries.source,
    CASE WHEN len(training_runs.job_ids) > 0 THEN 'jobs' ELSE 'nothing_named' END AS form,
    training_runs.run_id,
    training_runs.model_id,
    deliveries.file,
    training_runs.x_line AS line
FROM books.training_runs
INNER JOIN books.deliveries ON training_runs.x_delivery_id = deliveries.delivery_id
ANTI JOIN books.costs ON training_runs.run_id = costs.run_id
WHERE training_runs.outcome = 'promoted'
