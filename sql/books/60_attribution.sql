-- Whose cost each charge is, and why. A run that names the charge's job speaks first, then the first rule that matches;
-- a run with a time window takes its model's compute charges that no rule gives an activity. Where two runs claim the
-- same charge, neither gets it: nobody is guessed. What [[staff]] says belongs to the model and activity it names.
CREATE OR REPLACE TABLE books.attribution AS
WITH ruled AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        x_basis,
        resource_id,
        charge_period_start,
        service_category,
        service_subcategory,
        service_name,
        /* rule number */ NULL AS rule_no,
        /* looked up */ NULL AS lookup_key
    FROM (SELECT * /* tags that rules read */ FROM books.charges WHERE source <> '[[staff]]')
),

claimed AS (
    SELECT
        ruled.*,
        coalesce(config_rules.model_id, config_lookups.model_id) AS rule_model_id,
        coalesce(config_rules.activity, config_lookups.activity) AS rule_activity,
        coalesce(
            config_rules.cost_kind,
            config_lookups.cost_kind,
            CASE
                WHEN ruled.x_basis = 'usage' AND ruled.service_name = 'Staff time' THEN 'labor'
                WHEN ruled.x_basis <> 'billed' OR ruled.service_category = 'Compute' THEN 'compute'
                WHEN ruled.service_category = 'Storage' THEN 'storage'
                WHEN ruled.service_category = 'AI and Machine Learning' AND ruled.service_subcategory = 'Generative AI'
                    THEN 'inference_api'
                ELSE 'other'
            END
        ) AS cost_kind
    FROM ruled
    LEFT JOIN config_rules USING (rule_no)
    LEFT JOIN config_lookups USING (rule_no, lookup_key)
    UNION ALL BY NAME
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        'usage' AS x_basis,
        charge_period_start,
        service_category,
        service_name,
        CAST(NULL AS INTEGER) AS rule_no,
        staff_model_id AS rule_model_id,
        staff_activity AS rule_activity,
        'labor' AS cost_kind
    FROM books.staff_charges
),

run_job AS (
    SELECT run_id, unnest(job_ids) AS job_id FROM books.training_runs
),

named_by_job AS (
    SELECT
        job.resource_id,
        coalesce(
            CASE WHEN count(DISTINCT run_id) FILTER (run_job.job_id = job.resource_id) > 0
                THEN list(DISTINCT run_id) FILTER (run_job.job_id = job.resource_id) END,
            list(DISTINCT run_id)
        ) AS run_ids
    FROM (SELECT DISTINCT resource_id FROM books.job_charges) AS job
    INNER JOIN run_job ON run_job.job_id IN (job.resource_id, regexp_replace(job.resource_id, '[_+].*$', ''))
    GROUP BY job.resource_id
),

in_window AS (
    SELECT
        claimed.x_delivery_id,
        claimed.x_line,
        claimed.x_part,
        list(training_runs.run_id) AS run_ids
    FROM claimed
    INNER JOIN books.training_runs
        ON claimed.rule_model_id = training_runs.model_id
        AND claimed.charge_period_start >= training_runs.started_at
        AND claimed.charge_period_start < training_runs.ended_at
    WHERE claimed.rule_activity IS NULL AND claimed.cost_kind = 'compute' AND len(training_runs.job_ids) = 0
    GROUP BY claimed.x_delivery_id, claimed.x_line, claimed.x_part
),

linked AS (
    SELECT
        claimed.*,
        coalesce(named_by_job.run_ids, in_window.run_ids, []) AS run_ids
    FROM claimed
    LEFT JOIN named_by_job
        ON claimed.x_basis = 'usage'
        AND claimed.service_name = 'Slurm'
        AND claimed.resource_id = named_by_job.resource_id
    LEFT JOIN in_window USING (x_delivery_id, x_line, x_part)
),

owned AS (
    SELECT
        linked.* EXCLUDE (rule_model_id, rule_activity),
        training_runs.run_id,
        training_runs.round AS run_round,
        coalesce(training_runs.model_id, linked.rule_model_id) AS model_id,
        coalesce(training_runs.activity, linked.rule_activity) AS activity
    FROM linked
    LEFT JOIN books.training_runs ON len(linked.run_ids) = 1 AND linked.run_ids[1] = training_runs.run_id
),

promotion AS (
    SELECT model_id, list(decided_at) AS promoted_at
    FROM books.training_runs
    WHERE outcome = 'promoted'
    GROUP BY model_id
),

rounded AS (
    SELECT
        owned.* EXCLUDE (activity, run_round),
        CASE WHEN owned.model_id IS NOT NULL THEN coalesce(owned.activity, 'undecided') END AS activity,
        CASE
            WHEN owned.model_id IS NOT NULL THEN CAST(coalesce(
                owned.run_round,
                len(list_filter(promotion.promoted_at, lambda promoted: promoted <= owned.charge_period_start)),
                0
            ) AS INTEGER)
        END AS round
    FROM owned
    LEFT JOIN promotion USING (model_id)
)

SELECT
    x_delivery_id,
    x_line,
    x_part,
    rule_no,
    run_id,
    len(run_ids) > 1 AS is_contested,
    model_id,
    activity,
    round,
    stage_of(model_id, activity, round) AS stage,
    cost_kind
FROM rounded
