-- How each forecast comes about, as known before $1.
SELECT model_id, known_ahead, nowcast, to_come, over_budget_since, crosses_budget_in, whole_months, is_lower_bound
FROM forecast
WHERE as_of < $1
ORDER BY model_id
