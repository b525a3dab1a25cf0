-- Expected sources that were silent for longer than they may be.
SELECT
    source,
    CASE
        WHEN last_day IS NULL THEN 'never'
        WHEN next_day IS NULL THEN 'since'
        ELSE 'between'
    END AS form,
    model_id,
    model_id IS NULL AS is_unclaimed,
    quarter,
    1 AS pieces,
    TRUE AS is_cost,
    TRUE AS is_lower_bound,
    source || told AS told,
    last_day,
    next_day,
    array_to_string(list_sort(list_distinct(list(quarter) OVER (PARTITION BY source, last_day, next_day))), ', ') AS quarters
FROM silences
