-- What a GPU hour of our own training runs cost, and how many hours a promoted run took, where the books know.
SELECT
    CAST(sum(cost) / sum(gpu_hours) AS DECIMAL(18, 4)) AS gpu_hour,
    CAST(median(gpu_hours) FILTER (outcome = 'promoted') AS DECIMAL(18, 1)) AS promoted_gpu_hours,
    count(*) FILTER (outcome = 'promoted') AS promoted
FROM training_runs
WHERE gpu_hours > 0 AND cost > 0 AND NOT is_lower_bound
