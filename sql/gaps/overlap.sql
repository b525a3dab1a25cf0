-- Charges that lie only in part within the time window of a run.
WITH told AS (
    SELECT
        costs.source,
        costs.model_id,
        costs.quarter,
        array_to_string(attribution.overlapping_run_ids, ', or of ') AS runs,
        count(DISTINCT row(x_delivery_id, x_line, x_part)) AS pieces,
        sum(costs.cost) AS cost
    FROM books.attribution
    INNER JOIN books.costs USING (x_delivery_id, x_line, x_part)
    WHERE attribution.overlapping_run_ids IS NOT NULL AND costs.share_no = 0
    GROUP BY ALL
)

SELECT
    source,
    model_id,
    quarter,
    pieces,
    CAST(sum(pieces) OVER one AS BIGINT) AS charges,
    runs,
    in_money(sum(cost) OVER one, getvariable('reporting_currency')) AS amounts
FROM told
WINDOW one AS (PARTITION BY source, runs)
