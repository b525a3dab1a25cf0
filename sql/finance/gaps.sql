-- What is missing from the totals, and how to mend it: a row a fault, and each quarter and model that it is of.
-- kind: refused, held, quarantined, accrued, unpriced, gpus_not_named, unconverted, contested, overlap, run_without_cost, undecided, unknown_model, unknown_run, lineage, pages, silent, left_out
-- source: the source concerned
-- model_id: the model whose cost it is; NULL where that is not known, or nobody's
-- quarter: the fiscal quarter; NULL where that is not known
-- pieces: of how many rows, files, charges, jobs or runs it speaks there
-- is_lower_bound: whether the true cost of the quarter is too low for it
-- what: what is missing
-- remedy: what to do
-- amounts: the sums concerned, of all its quarters and models, by currency, where they can be read
SELECT kind, source, model_id, quarter, pieces, is_lower_bound, what, remedy, amounts
FROM missing
ORDER BY kind, source, what, quarter, model_id
