-- What the plan of $model says that building it costs: data, training, failed experiments and evaluation; NULL without a plan.
SELECT sum(planned_mean) AS cost
FROM outlook.projection
WHERE model_id = $model
    AND month IS NULL
    AND quarter IS NULL
    AND stage IN ('data_curation', 'training', 'failed_experiments', 'evaluation')
