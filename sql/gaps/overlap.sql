-- Charges that lie only in part within the time window of a run.
SELECT
    costs.source,
    count(DISTINCT row(x_delivery_id, x_line, x_part)) AS charges,
    array_to_string(attribution.overlapping_run_ids, ', or of ') AS runs,
    in_money(sum(costs.cost), getvariable('reporting_currency')) AS amounts
FROM books.attribution
INNER JOIN books.costs USING (x_delivery_id, x_line, x_part)
WHERE attribution.overlapping_run_ids IS NOT NULL AND costs.share_no = 0
GROUP BY costs.source, attribution.overlapping_run_ids
