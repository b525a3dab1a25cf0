-- Runs whose parent is themselves, in the end, or is not known.
SELECT
    deliveries.source,
    CASE WHEN training_runs.is_circular THEN 'circle' ELSE 'parent' END AS form,
    training_runs.run_id,
    training_runs.parent_run_id,
    deliveries.file,
    training_runs.x_line AS line
FROM books.training_runs
INNER JOIN books.deliveries ON training_runs.x_delivery_id = deliveries.delivery_id
LEFT JOIN (SELECT DISTINCT run_id FROM books.run_versions) AS parent ON training_runs.parent_run_id = parent.run_id
WHERE training_runs.is_circular OR (training_runs.parent_run_id IS NOT NULL AND parent.run_id IS NULL)
