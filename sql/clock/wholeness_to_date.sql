-- What is missing of all that a model has cost by the end of each quarter: what each quarter lacks, quarter by quarter.
CREATE OR REPLACE TEMP TABLE wholeness_to_date AS
SELECT
    model_id,
    quarter,
    quarter_start,
    completeness_of_all(list({'name': quarter, 'completeness': completeness}) OVER until_then) AS completeness
FROM wholeness
WINDOW until_then AS (PARTITION BY model_id ORDER BY quarter_start)
