-- Models that training runs or requests name and [[models]] does not.
SELECT run_versions.source, 'runs' AS form, run_versions.model_id AS named, count(*) AS times, count(*) AS pieces
FROM books.run_versions
ANTI JOIN config_models USING (model_id)
WHERE run_versions.status = 'current'
GROUP BY run_versions.source, run_versions.model_id
UNION ALL
SELECT requests.source, 'requests', requests.model_id, count(*), count(*)
FROM books.requests
ANTI JOIN config_models USING (model_id)
WHERE requests.status = 'current'
GROUP BY requests.source, requests.model_id
