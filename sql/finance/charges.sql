-- The ledger's current charges: FOCUS columns, our own with x_, and what each counts for.
-- x_charge_id: delivery, line and part: give it to `truecost trace`
-- x_source: the source it came from
-- x_basis: billed (a bill says it), usage (GPU hours, staff time or tokens at a rate) or capacity (GPUs of our own)
-- x_delivery_id: the delivery, in `deliveries`; 0 for what [[staff]], [[capacity]] or [[token_rates]] say
-- x_line: the line of the file, or of truecost.toml
-- x_part: which charge of the line: 0 the line itself, 1 its tax, 2 and on where more rows start on it; for jobs, [[capacity]] and [[token_rates]], the day; for [[staff]], the month
-- x_issued_at: an invoice's date of issue; its cost is spread over its service period
-- x_model_id: the model it belongs to; NULL where no rule claims it, or it is split: `costs` has its shares
-- x_activity: data_curation, training, failed_experiments, evaluation, deployment, serving or undecided
-- x_round: the model's promotions before it
-- x_stage: the stage, derived from activity and round
-- x_cost_kind: compute, labor, annotation, inference_api, storage or other
-- x_run_id: the training run it belongs to
-- x_rule: the position in truecost.toml of the [[attribution]] rule that matched it; with x_rules_frozen_with, its position among those
-- x_rules_frozen_with: the close whose frozen rules claimed it (the first, where several froze the same); NULL where today's did
-- x_treatment: expense or capitalise: what that rule says, or its [[staff]] entry; NULL where none did, or it is split
-- x_is_split: whether it is split over models
-- x_cost: cost in the reporting currency; NULL where it has no price or no rate, 0 where a bill covers it
-- currency: the reporting currency, of x_cost
WITH
-- Most charges have one cost: millions need not be added up. Few columns, which a join can hold in memory, while the charges
-- with all of theirs stream by.
owned AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        FALSE AS x_is_split,
        cost AS x_cost,
        model_id,
        activity,
        round,
        stage,
        cost_kind,
        run_id,
        rule_no,
        treatment
    FROM books.costs
    WHERE is_whole
    UNION ALL
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        bool_or(share_no > 0),
        CAST(sum(cost) AS DECIMAL(38, 20)),
        any_value(model_id) FILTER (share_no = 0),
        any_value(activity) FILTER (share_no = 0),
        any_value(round) FILTER (share_no = 0),
        any_value(stage) FILTER (share_no = 0),
        any_value(cost_kind) FILTER (share_no = 0),
        any_value(run_id) FILTER (share_no = 0),
        any_value(rule_no) FILTER (share_no = 0),
        any_value(treatment) FILTER (share_no = 0)
    FROM books.costs
    WHERE NOT is_whole
    GROUP BY x_delivery_id, x_line, x_part
),

rule AS (
    SELECT DISTINCT rule_no, rule_position, rules_frozen_with FROM books.attribution
)

SELECT
    charges.x_delivery_id || ':' || charges.x_line || ':' || charges.x_part AS x_charge_id,
    charges.* EXCLUDE (source, x_basis),
    charges.source AS x_source,
    charges.x_basis,
    owned.model_id AS x_model_id,
    owned.activity AS x_activity,
    owned.round AS x_round,
    owned.stage AS x_stage,
    owned.cost_kind AS x_cost_kind,
    owned.run_id AS x_run_id,
    rule.rule_position AS x_rule,
    rule.rules_frozen_with AS x_rules_frozen_with,
    owned.treatment AS x_treatment,
    owned.x_is_split,
    owned.x_cost,
    getvariable('reporting_currency') AS currency
FROM books.charges
LEFT JOIN owned USING (x_delivery_id, x_line, x_part)
LEFT JOIN rule ON owned.rule_no = rule.rule_no
