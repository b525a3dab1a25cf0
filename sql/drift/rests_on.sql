-- What the signals of a dataset rest on: its deliveries of configured sources, the configured models, and their promotions.
SELECT 'delivery' AS kind, CAST(delivery_id AS VARCHAR) AS name, fingerprint || ' ' || source AS content
FROM log.deliveries
SEMI JOIN config_sources USING (source)
WHERE dataset = $dataset
UNION ALL
SELECT 'model', model_id, NULL
FROM config_models
UNION ALL
SELECT 'promotion', model_id, CAST(decided_at AS VARCHAR)
FROM books.training_runs
WHERE outcome = 'promoted'
ORDER BY ALL
