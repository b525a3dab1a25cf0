-- Whether what is known of a model's quarter is its whole cost or a lower bound, and what is missing, as seen on the day `as_of`; of
-- a closed quarter, as it was signed.
CREATE OR REPLACE TEMP TABLE wholeness AS
WITH counted AS (
    SELECT
        model_quarters.model_id,
        model_quarters.quarter,
        model_quarters.status,
        count(*) FILTER (costs.is_unconverted) AS unconverted_count,
        count(*) FILTER (costs.is_unpriced) AS unpriced_count,
        count(*) FILTER (costs.cost_kind = 'compute' AND costs.cost IS NOT NULL) AS compute_count,
        count(*) FILTER (costs.cost_kind = 'labor' AND costs.cost IS NOT NULL) AS labor_count
    FROM books.model_quarters
    LEFT JOIN books.posted AS costs
        ON model_quarters.model_id IS NOT DISTINCT FROM costs.model_id
        AND model_quarters.quarter = costs.quarter
    GROUP BY ALL
),

silent AS (
    SELECT
        model_id AS silent_model_id,
        quarter AS silent_quarter,
        string_agg(DISTINCT source || told, '; ' ORDER BY source || told) AS silent_sources
    FROM silences
    GROUP BY model_id, quarter
),

told AS (
    SELECT
        counted.*,
        list_filter(
            [
                CASE WHEN model_id IS NOT NULL AND compute_count = 0 THEN 'no compute' END,
                CASE WHEN model_id IS NOT NULL AND labor_count = 0 THEN 'no labor' END,
                CASE WHEN unpriced_count > 0 THEN unpriced_count || ' unpriced usage charges' END,
                CASE WHEN unconverted_count > 0 THEN unconverted_count || ' unconverted charges' END,
                silent_sources
            ],
            lambda gap: gap IS NOT NULL
        ) AS gaps
    FROM counted
    LEFT JOIN silent
        ON counted.model_id IS NOT DISTINCT FROM silent.silent_model_id
        AND counted.quarter = silent.silent_quarter
)

SELECT
    told.model_id,
    told.quarter,
    CASE
        WHEN status = 'closed' AND frozen_completeness IS NOT NULL THEN frozen_completeness
        WHEN len(gaps) = 0 THEN 'complete'
        ELSE 'incomplete: ' || array_to_string(gaps, '; ')
    END AS completeness
FROM told
LEFT JOIN books.completeness AS frozen
    ON told.quarter = frozen.quarter AND told.model_id IS NOT DISTINCT FROM frozen.model_id
