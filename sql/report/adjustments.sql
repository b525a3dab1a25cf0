-- What was posted to a quarter of those closed before it, largest first.
SELECT from_quarter, model_id, stage, reason, currency, amount, row_count
FROM adjustment_totals
WHERE into_quarter = ? AND (amount <> 0 OR unknown_count > 0)
ORDER BY abs(amount) DESC NULLS LAST, from_quarter, model_id, stage, reason
