-- What each round of $model that ended in a promotion cost, the last first: all its runs, data and people, failed experiments too;
-- without serving, and without upkeep, the evaluations before its work began. `completeness` is of the model's cost up to then.
WITH completed AS (
    SELECT round, CAST(min(decided_at) AS DATE) AS promoted_on
    FROM books.training_runs
    WHERE model_id = $model AND outcome = 'promoted'
    GROUP BY round
),

spent AS (
    SELECT
        costs.*,
        min(costs.month) FILTER (costs.activity IN ('data_curation', 'training', 'failed_experiments')) OVER (
            PARTITION BY costs.round
        ) AS begun_in
    FROM books.costs
    WHERE costs.model_id = $model AND costs.activity NOT IN ('serving', 'deployment')
)

SELECT
    completed.round,
    sum(spent.cost) FILTER (
        spent.round = 0 OR spent.activity <> 'evaluation' OR spent.begun_in IS NULL OR spent.month >= spent.begun_in
    ) AS cost,
    count(*) FILTER (spent.cost IS NULL) AS unknown_count,
    any_value(so_far.completeness) AS completeness
FROM spent
INNER JOIN completed USING (round)
ASOF LEFT JOIN (SELECT * FROM wholeness_to_date WHERE model_id = $model) AS so_far
    ON completed.promoted_on >= so_far.quarter_start
GROUP BY completed.round
ORDER BY completed.round DESC
