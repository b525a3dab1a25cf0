-- The scores of each model's headline eval: what `headline_eval` under [[models]] names, or else all there are. Which of several
-- speaks for the model is for its people to say (92_headlines counts them).
CREATE OR REPLACE TABLE books.headline_scores AS
SELECT evals.*
FROM books.evals
INNER JOIN config_models USING (model_id)
WHERE evals.status = 'current'
    AND evals.higher_is_better IS NOT NULL
    AND evals.evaluated_at IS NOT NULL
    AND (config_models.headline_metric IS NULL OR config_models.headline_metric = evals.metric)
    AND (config_models.headline_task IS NULL OR config_models.headline_task = evals.task)
