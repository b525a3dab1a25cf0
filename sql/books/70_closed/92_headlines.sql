-- What each model's headline eval is measured in. The scale is told only where it is known.
--
-- eval_count: how many evals there are; where it is not one, none speaks for the model
-- points_in_one: points by 1 of the score: hundredths where all its scores are from 0 to 1; as they are where the metric is known to be told in percent; else NULL
-- whole: the score of which all answers are accepted; NULL where it is no share of answers
CREATE OR REPLACE TABLE books.headlines AS
SELECT
    model_id,
    any_value(task) AS task,
    any_value(metric) AS metric,
    count(DISTINCT row(task, metric)) AS eval_count,
    CASE
        WHEN regexp_matches(any_value(metric), '(?i)loss|perplexity|ppl|nll|bits_per_byte') THEN NULL
        WHEN min(score) >= 0 AND max(score) <= 1 THEN 100
        WHEN min(score) >= 0
            AND max(score) <= 100
            AND regexp_matches(
                any_value(metric), '(?i)^((sacre)?bleu(_max)?|chrf.*|ter|rouge.*|f1|em|exact|exact_match|acc|accuracy)(,.*)?$'
            )
            THEN 1
    END AS points_in_one,
    whole_score(bool_and(higher_is_better), min(score), max(score), any_value(metric)) AS whole
FROM books.headline_scores
GROUP BY model_id
