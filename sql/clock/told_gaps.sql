-- What is missing, a row a fault, of a quarter ($quarter), model ($model), kind ($kind) or source ($source), where one is asked for: with
-- all its quarters and models, none where they are not known.
SELECT
    kind,
    source,
    list_sort(list_distinct(list(quarter) FILTER (quarter IS NOT NULL))) AS quarters,
    list_sort(list_distinct(list(CASE WHEN is_unclaimed THEN 'unallocated' ELSE model_id END)
        FILTER (model_id IS NOT NULL OR is_unclaimed))) AS models,
    bool_or(is_lower_bound) AS is_lower_bound,
    what,
    remedy,
    amounts
FROM missing
WHERE coalesce(quarter = $quarter, TRUE)
    AND ($model IS NULL OR coalesce(model_id = $model, NOT is_unclaimed))
    AND coalesce(kind = $kind, $kind IS NULL)
    AND coalesce(source = $source, $source IS NULL)
GROUP BY kind, source, what, remedy, amounts
ORDER BY is_lower_bound DESC, kind, source, what
