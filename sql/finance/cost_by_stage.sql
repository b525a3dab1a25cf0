-- Cost by stage, activity, round and cost kind: its rows of a model and quarter add up to the true cost.
-- model_id: the fine-tuned model; NULL where stage is unallocated
-- quarter: fiscal quarter
-- stage: data_curation, training, failed_experiments, evaluation, serving, maintenance, undecided or unallocated
-- activity: what was done; NULL where unallocated
-- round: the model's promotions before the charge: 0 is the first build; NULL where unallocated
-- cost_kind: compute, labor, annotation, inference_api, storage or other
-- is_idle: whether the cost is paid capacity that was not used
-- currency: currency of cost
-- cost: effective cost
SELECT
    model_id,
    quarter,
    stage,
    activity,
    round,
    cost_kind,
    is_idle,
    getvariable('reporting_currency') AS currency,
    CAST(sum(cost) AS DECIMAL(38, 20)) AS cost
FROM books.posted
WHERE cost IS NOT NULL
GROUP BY model_id, quarter, stage, activity, round, cost_kind, is_idle
ORDER BY model_id NULLS LAST, quarter, stage, activity, round, cost_kind, is_idle
