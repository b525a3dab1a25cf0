-- Whose cost each charge is, and why. A run that names the charge's job speaks first, then the first rule that matches;
-- a run with a time window takes its model's compute charges that no rule gives an activity, where their whole period lies within
-- the window: of a longer one, only a part may be the run's (`overlapping_run_ids`; finance.gaps tells). Where two runs claim the
-- same charge, or the job's name fits jobs of several clusters, it is contested, and no run gets it: nobody is guessed. What
-- [[staff]] and [[token_rates]] say belongs to the model they name. What a managed API bills for training is compute.
--
-- rule_no: the rule that matched, told apart from those of every other close
-- rule_position: its place in truecost.toml; or, with rules_frozen_with, among the rules that this close was the first to freeze
CREATE OR REPLACE TABLE books.attribution AS
WITH ruled AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        x_basis,
        resource_id,
        charge_period_start,
        charge_period_end,
        service_category,
        service_subcategory,
        service_name,
        CASE
            WHEN service_category = 'AI and Machine Learning'
                THEN tells_training(concat_ws(' ', service_name, charge_description, sku_id))
        END AS is_told_as_training,
        {{rule_number}} AS rule_no,
        {{lookup_key}} AS lookup_key
    FROM (SELECT * {{rule_subjects}} FROM books.charges WHERE NOT names_its_model(source))
),

claimed AS (
    SELECT
        ruled.*,
        config_rules.rule_position,
        config_rules.frozen_with AS rules_frozen_with,
        coalesce(config_rules.model_id, config_lookups.model_id) AS rule_model_id,
        coalesce(config_rules.activity, config_lookups.activity) AS rule_activity,
        coalesce(
            config_rules.cost_kind,
            config_lookups.cost_kind,
            CASE
                WHEN ruled.x_basis = 'usage' AND ruled.service_name = 'Staff time' THEN 'labor'
                WHEN ruled.x_basis <> 'billed' OR ruled.service_category = 'Compute' THEN 'compute'
                WHEN ruled.service_category = 'AI and Machine Learning'
                    AND (
                        coalesce(config_rules.activity, config_lookups.activity) IN ('training', 'failed_experiments')
                        OR ruled.is_told_as_training
                    )
                    THEN 'compute'
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
        model_id AS rule_model_id,
        activity AS rule_activity,
        cost_kind
    FROM books.named_charges
),

named_by_job AS (
    SELECT x_delivery_id, x_line, list(DISTINCT run_id ORDER BY run_id) AS run_ids, bool_or(is_ambiguous) AS is_ambiguous
    FROM books.run_jobs
    GROUP BY x_delivery_id, x_line
),

-- One list a model, so that the charges are gone through once.
model_window AS (
    SELECT model_id, list({'run_id': run_id, 'from_time': started_at, 'until_time': ended_at} ORDER BY run_id) AS windows
    FROM books.training_runs
    WHERE len(job_ids) = 0 AND ended_at > started_at
    GROUP BY model_id
),

in_window AS (
    SELECT
        claimed.*,
        named_by_job.run_ids AS named_run_ids,
        coalesce(named_by_job.is_ambiguous, FALSE) AS is_ambiguous,
        CASE
            WHEN claimed.charge_period_end > claimed.charge_period_start THEN claimed.charge_period_end
            ELSE claimed.charge_period_start + INTERVAL 1 MICROSECOND
        END AS lasts_until,
        list_filter(
            model_window.windows,
            lambda run: claimed.charge_period_start < run.until_time AND lasts_until > run.from_time
        ) AS overlapping
    FROM claimed
    LEFT JOIN named_by_job USING (x_delivery_id, x_line)
    LEFT JOIN model_window
        ON claimed.rule_model_id = model_window.model_id
        AND claimed.rule_activity IS NULL
        AND claimed.cost_kind = 'compute'
        AND named_by_job.run_ids IS NULL
),

linked AS (
    SELECT
        * EXCLUDE (named_run_ids, is_ambiguous, lasts_until, overlapping),
        list_transform(
            list_filter(overlapping, lambda run: charge_period_start >= run.from_time AND lasts_until <= run.until_time),
            lambda run: run.run_id
        ) AS holding_run_ids,
        coalesce(named_run_ids, holding_run_ids, []) AS run_ids,
        CASE
            WHEN len(overlapping) > 0 AND len(holding_run_ids) = 0 THEN list_transform(overlapping, lambda run: run.run_id)
        END AS overlapping_run_ids,
        is_ambiguous OR len(run_ids) > 1 AS is_contested
    FROM in_window
),

owned AS (
    SELECT
        linked.* EXCLUDE (rule_model_id, rule_activity),
        training_runs.run_id,
        training_runs.round AS run_round,
        coalesce(training_runs.model_id, linked.rule_model_id) AS model_id,
        coalesce(training_runs.activity, linked.rule_activity) AS activity
    FROM linked
    LEFT JOIN books.training_runs ON NOT linked.is_contested AND linked.run_ids[1] = training_runs.run_id
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
    rule_position,
    rules_frozen_with,
    run_id,
    is_contested,
    overlapping_run_ids,
    model_id,
    activity,
    round,
    stage_of(model_id, activity, round) AS stage,
    cost_kind
FROM rounded
