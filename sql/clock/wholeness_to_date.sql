-- What is missing of all that a model has cost by the end of each quarter: what each quarter lacks, quarter by quarter.
CREATE OR REPLACE TEMP TABLE wholeness_to_date AS
WITH so_far AS (
    SELECT
        model_id,
        quarter,
        quarter_start,
        list(CASE WHEN completeness <> 'complete' THEN quarter || ' (' || what_is_lacking(completeness) || ')' END)
            OVER until_then AS lacks,
        bool_or(is_too_low(completeness)) OVER until_then AS is_too_low
    FROM wholeness
    WINDOW until_then AS (PARTITION BY model_id ORDER BY quarter_start)
)

SELECT
    model_id,
    quarter,
    quarter_start,
    CASE
        WHEN len(list_filter(lacks, lambda lack: lack IS NOT NULL)) = 0 THEN 'complete'
        ELSE CASE WHEN is_too_low THEN 'incomplete: ' ELSE 'unsettled: ' END
            || array_to_string(list_filter(lacks, lambda lack: lack IS NOT NULL), ', ')
    END AS completeness
FROM so_far
