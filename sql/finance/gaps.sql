-- What is missing from the totals, and how to mend it: a sentence each.
-- kind: refused, held, quarantined, accrued, unpriced, gpus_not_named, unconverted, contested, overlap, run_without_cost, undecided, unknown_model, unknown_run, lineage, pages, silent, left_out
-- source: the source concerned
-- what: what is missing
-- remedy: what to do
-- amounts: the sums concerned, by currency, where they can be read
SELECT kind, source, what, remedy, amounts
FROM missing
ORDER BY kind, source, what
