-- Promoted runs that no cost is linked to: where a run names jobs, they cost something, and have not come.
SELECT
    deliveries.source,
    CASE WHEN len(training_runs.job_ids) > 0 THEN 'jobs' ELSE 'nothing_named' END AS form,
    training_runs.run_id,
    training_runs.model_id,
    fiscal_quarter(
        CAST(coalesce(training_runs.started_at, training_runs.decided_at) AS DATE), getvariable('fiscal_year_start_month')
    ) AS quarter,
    1 AS pieces,
    len(training_runs.job_ids) > 0 AS is_cost,
    len(training_runs.job_ids) > 0 AS is_lower_bound,
    deliveries.file,
    training_runs.x_line AS line
FROM books.training_runs
INNER JOIN books.deliveries ON training_runs.x_delivery_id = deliveries.delivery_id
ANTI JOIN books.costs ON training_runs.run_id = costs.run_id
WHERE training_runs.outcome = 'promoted'
