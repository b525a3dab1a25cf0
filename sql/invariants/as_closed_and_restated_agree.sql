-- Closed is closed, and nothing is lost by it: what was posted, quarter by quarter, and what the books say now of the same costs
-- each add up to the same lifetime cost, model by model and stage by stage.
WITH restated AS (
    SELECT model_id, stage, activity, round, cost_kind, run_id, is_idle, sum(cost) AS cost, sum(billed) AS billed
    FROM books.costs
    GROUP BY ALL
),

as_closed AS (
    SELECT model_id, stage, activity, round, cost_kind, run_id, is_idle, sum(cost) AS cost, sum(billed) AS billed
    FROM books.posted
    GROUP BY ALL
),

either AS (
    SELECT *, 0 AS posted_cost, 0 AS posted_billed FROM restated
    UNION ALL BY NAME
    SELECT * EXCLUDE (cost, billed), cost AS posted_cost, billed AS posted_billed FROM as_closed
)

SELECT
    coalesce(model_id, 'unallocated') || ', ' || stage || ', ' || cost_kind AS subject,
    'posted are ' || coalesce(sum(posted_cost), 0) || ', and the books say ' || coalesce(sum(cost), 0) AS fault
FROM either
GROUP BY model_id, stage, activity, round, cost_kind, run_id, is_idle
HAVING coalesce(sum(posted_cost), 0) <> coalesce(sum(cost), 0) OR coalesce(sum(posted_billed), 0) <> coalesce(sum(billed), 0)
