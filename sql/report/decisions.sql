-- What was decided from $1 on and before $2, the latest first.
SELECT model_id, decided_at, verdict, currency, staleness_cost, retrain_cost, reasons
FROM retrain_decisions
WHERE decided_at >= $1 AND decided_at < $2
ORDER BY decided_at DESC, model_id
