-- Cost by stage in each quarter of a model and up to its end, with its share of the true cost; from the first quarter in which the
-- stage had a cost.
-- model_id: the fine-tuned model; NULL for cost that no rule claims
-- quarter: fiscal quarter
-- quarter_start: first day of the quarter
-- stage: data_curation, training, failed_experiments, evaluation, serving, maintenance, undecided or unallocated
-- currency: currency of cost and cost_to_date
-- cost: effective cost in the quarter
-- cost_to_date: effective cost since the first charge
-- share: cost / true cost of the model in the quarter, 0 to 1; NULL where that is zero
-- share_to_date: cost_to_date / true cost of the model to date
SELECT
    model_id,
    quarter,
    quarter_start,
    name AS stage,
    getvariable('reporting_currency') AS currency,
    CAST(cost AS DECIMAL(38, 20)) AS cost,
    cost_to_date,
    ratio(cost, true_cost) AS share,
    ratio(cost_to_date, true_cost_to_date) AS share_to_date
FROM books.model_parts
WHERE part = 'stage'
ORDER BY model_id NULLS LAST, quarter_start, stage
