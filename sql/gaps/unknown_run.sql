-- Versions that the registry promoted, of a run that no training_runs file names.
SELECT model_versions.source, registered_version, registered_model, run_id
FROM books.model_versions
ANTI JOIN books.run_versions USING (run_id)
WHERE model_versions.is_promoted AND model_versions.status = 'current'
