-- What is missing of each model's quarter, in words, as seen on the day `as_of`; of a closed quarter, as it was signed. What nobody knows
-- the quarter or the model of may be of any.
--
-- completeness: "complete"; "incomplete: ...", where the true cost is a lower bound; "unsettled: ...", where something may still change
-- it that does not make it too low: usage without its bill, a credit that could not be read
CREATE OR REPLACE TEMP TABLE wholeness AS
WITH counted AS (
    SELECT
        model_quarters.model_id,
        model_quarters.quarter,
        model_quarters.quarter_start,
        model_quarters.status,
        TRUE AS has_costs,
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

-- A model may lack what would be all of its quarter.
without_costs AS (
    SELECT DISTINCT missing.model_id, missing.quarter, quarter.quarter_start
    FROM missing
    INNER JOIN (SELECT DISTINCT quarter, quarter_start FROM books.model_quarters) AS quarter USING (quarter)
    ANTI JOIN books.model_quarters AS with_costs
        ON missing.model_id = with_costs.model_id AND missing.quarter = with_costs.quarter
    WHERE missing.is_cost AND missing.model_id IS NOT NULL
),

model_quarter AS (
    SELECT * FROM counted
    UNION ALL BY NAME
    SELECT *, 'open' AS status, FALSE AS has_costs FROM without_costs
),

lacking AS (
    SELECT
        model_quarter.model_id,
        model_quarter.quarter,
        missing.kind,
        coalesce(missing.told, gap_words(missing.kind, CAST(sum(missing.pieces) AS BIGINT))) AS words,
        bool_or(missing.is_lower_bound) AS is_lower_bound
    FROM model_quarter
    INNER JOIN missing
        ON (missing.quarter IS NULL OR model_quarter.quarter = missing.quarter)
        AND (
            model_quarter.model_id = missing.model_id
            OR (missing.model_id IS NULL AND (model_quarter.model_id IS NULL OR NOT missing.is_unclaimed))
        )
    WHERE missing.is_cost AND missing.kind NOT IN ('unpriced', 'unconverted')
    GROUP BY model_quarter.model_id, model_quarter.quarter, missing.kind, missing.told
),

lacked AS (
    SELECT
        model_id,
        quarter,
        list(words ORDER BY kind, words) AS words,
        bool_or(is_lower_bound) AS is_lower_bound
    FROM lacking
    GROUP BY model_id, quarter
),

told AS (
    SELECT
        model_quarter.*,
        list_filter(
            [
                CASE WHEN has_costs AND model_quarter.model_id IS NOT NULL AND compute_count = 0 THEN 'no compute' END,
                CASE WHEN has_costs AND model_quarter.model_id IS NOT NULL AND labor_count = 0 THEN 'no labor' END,
                CASE WHEN unpriced_count > 0 THEN unpriced_count || ' unpriced usage charges' END,
                CASE WHEN unconverted_count > 0 THEN unconverted_count || ' unconverted charges' END
            ],
            lambda gap: gap IS NOT NULL
        ) AS unknown,
        coalesce(lacked.words, []) AS words,
        len(unknown) > 0 OR coalesce(lacked.is_lower_bound, FALSE) AS is_too_low
    FROM model_quarter
    LEFT JOIN lacked
        ON model_quarter.quarter = lacked.quarter AND model_quarter.model_id IS NOT DISTINCT FROM lacked.model_id
)

SELECT
    told.model_id,
    told.quarter,
    told.quarter_start,
    CASE
        WHEN status = 'closed' AND frozen_completeness IS NOT NULL THEN frozen_completeness
        WHEN len(unknown) + len(words) = 0 THEN 'complete'
        ELSE CASE WHEN is_too_low THEN 'incomplete: ' ELSE 'unsettled: ' END || array_to_string(unknown || words, '; ')
    END AS completeness
FROM told
LEFT JOIN books.completeness AS frozen
    ON told.quarter = frozen.quarter AND told.model_id IS NOT DISTINCT FROM frozen.model_id
