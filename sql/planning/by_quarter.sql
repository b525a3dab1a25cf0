-- Actual against plan by quarter and for the whole plan (quarter NULL, last), each stage and then the total.
SELECT * EXCLUDE (month)
FROM actual_vs_plan
WHERE month IS NULL
ORDER BY model_id, quarter NULLS LAST, stage = 'total', stage
