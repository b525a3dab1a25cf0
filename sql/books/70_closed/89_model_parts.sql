-- What each stage and each cost kind of a model comes to, in the quarter and since the first charge: a row for every quarter of the
-- model from the first in which the part had a cost.
CREATE OR REPLACE TABLE books.model_parts AS
WITH counted AS (
    SELECT model_id, quarter_start, 'stage' AS part, stage AS name, cost FROM books.posted WHERE cost IS NOT NULL
    UNION ALL
    SELECT model_id, quarter_start, 'cost_kind' AS part, cost_kind AS name, cost FROM books.posted WHERE cost IS NOT NULL
),

spent AS (
    SELECT model_id, quarter_start, part, name, sum(cost) AS cost FROM counted GROUP BY model_id, quarter_start, part, name
),

begun AS (
    SELECT model_id, part, name, min(quarter_start) AS first_quarter_start FROM spent GROUP BY model_id, part, name
),

told AS (
    SELECT
        figures.model_id,
        figures.quarter,
        figures.quarter_start,
        begun.part,
        begun.name,
        coalesce(spent.cost, 0) AS cost,
        figures.true_cost,
        figures.true_cost_to_date
    FROM begun
    INNER JOIN books.model_figures AS figures
        ON begun.model_id IS NOT DISTINCT FROM figures.model_id
        AND begun.first_quarter_start <= figures.quarter_start
    LEFT JOIN spent
        ON figures.model_id IS NOT DISTINCT FROM spent.model_id
        AND figures.quarter_start = spent.quarter_start
        AND begun.part = spent.part
        AND begun.name = spent.name
)

SELECT *, CAST(sum(cost) OVER so_far AS DECIMAL(38, 20)) AS cost_to_date
FROM told
WINDOW so_far AS (PARTITION BY model_id, part, name ORDER BY quarter_start)
