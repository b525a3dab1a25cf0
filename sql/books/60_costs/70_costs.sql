-- Each charge's cost by month, in the reporting currency: what every figure adds up. A charge in another currency is converted
-- whole, at the rate of its day (an invoice: its day of issue), and then spread, so that its months add up to it.
--
-- The effective cost of an invoice line, and of a purchase for more than its month, is spread over the service period by UTC day
-- (cumulative shares, so the months add up to the charge exactly), and its billed cost stands in the month of issue; any other
-- charge stands in the month it starts. A charge that is split stands here share by share, and a share of a day (`falls_in`) in that
-- day's month. `cost` is what counts as true cost: NULL
-- where it can't be known (no price, no rate), 0 for recoverable tax, and 0 for usage that a bill covers, or as far as it does: its
-- cost is its share of the bill. `treatment` is what the rule that claimed the charge says, or its entry in
-- truecost.toml; NULL where none did.
CREATE OR REPLACE TABLE books.costs AS
WITH accrued AS (
    SELECT DISTINCT coverable_usage.x_delivery_id, coverable_usage.x_line, coverable_usage.x_part
    FROM books.coverable_usage
    INNER JOIN config_coverage USING (coverage_no)
    ANTI JOIN books.covered USING (x_delivery_id, x_line, x_part)
    WHERE NOT config_coverage.is_capacity
    UNION ALL
    SELECT x_delivery_id, x_line, x_part
    FROM books.token_charges
    ANTI JOIN books.covered USING (x_delivery_id, x_line, x_part)
),

-- A share of a pool follows usage: what the rules that claimed that say of its treatment, where they agree. Idle is nobody's work.
followed_usage AS (
    SELECT
        pool_usage.pool_no,
        attribution.model_id,
        attribution.activity,
        attribution.cost_kind,
        attribution.run_id,
        CASE
            WHEN count(*) = count(config_rules.treatment) AND count(DISTINCT config_rules.treatment) = 1
                THEN any_value(config_rules.treatment)
        END AS usage_treatment
    FROM books.pool_usage
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    LEFT JOIN config_rules ON attribution.rule_no = config_rules.rule_no
    GROUP BY ALL
),

share AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        0 AS share_no,
        model_id,
        activity,
        round,
        stage,
        cost_kind,
        run_id,
        rule_no,
        CAST(NULL AS VARCHAR) AS usage_treatment,
        is_contested,
        FALSE AS is_idle,
        CAST(NULL AS VARCHAR) AS allocated_method_id,
        CAST(NULL AS VARCHAR) AS allocated_method_details,
        CAST(NULL AS DATE) AS falls_in,
        CAST(NULL AS DECIMAL(38, 20)) AS share_billed,
        CAST(NULL AS DECIMAL(38, 20)) AS share_effective
    FROM books.attribution
    ANTI JOIN books.shares USING (x_delivery_id, x_line, x_part)
    UNION ALL
    SELECT
        shares.x_delivery_id,
        shares.x_line,
        shares.x_part,
        share_no,
        shares.model_id,
        shares.activity,
        round,
        stage,
        shares.cost_kind,
        shares.run_id,
        NULL AS rule_no,
        usage_treatment,
        FALSE AS is_contested,
        is_idle,
        allocated_method_id,
        allocated_method_details,
        falls_in,
        billed_cost,
        effective_cost
    FROM books.shares
    LEFT JOIN followed_usage
        ON NOT shares.is_idle
        AND shares.pool_no = followed_usage.pool_no
        AND shares.model_id = followed_usage.model_id
        AND shares.activity = followed_usage.activity
        AND shares.cost_kind = followed_usage.cost_kind
        AND shares.run_id IS NOT DISTINCT FROM followed_usage.run_id
),

counted AS (
    SELECT
        share.* EXCLUDE (is_idle, usage_treatment),
        CASE
            WHEN share.model_id IS NOT NULL
                THEN coalesce(share.usage_treatment, config_rules.treatment, named_charges.treatment)
        END AS treatment,
        charges.source,
        charges.x_basis,
        charges.billing_currency,
        CASE WHEN share_no = 0 THEN charges.billed_cost ELSE share_billed END AS billed_cost,
        CASE WHEN share_no = 0 THEN charges.effective_cost ELSE share_effective END AS effective_cost,
        share.is_idle
        OR (share_no = 0 AND coalesce('Unused' IN (charges.commitment_discount_status, charges.capacity_reservation_status), FALSE))
            AS is_idle,
        coalesce(covered.covered_parts = covered.all_parts, FALSE) AS is_covered,
        (charges.x_delivery_id, charges.x_line, charges.x_part) IN (FROM accrued) OR covered.covered_parts < covered.all_parts
            AS is_accrued,
        covered.covered_parts,
        covered.all_parts,
        charges.charge_category,
        coalesce(charges.x_basis = 'billed' AND charges.service_category = 'AI and Machine Learning', FALSE) AS is_api,
        CAST(date_trunc('month', coalesce(charges.x_issued_at, charges.charge_period_start)) AS DATE) AS billed_month,
        charges.x_issued_at IS NOT NULL
        OR (
            charges.charge_category IS NOT DISTINCT FROM 'Purchase'
            AND charges.effective_cost <> 0
            AND charges.charge_period_end > date_trunc('month', charges.charge_period_start) + INTERVAL 1 MONTH
        ) AS is_prorated,
        CAST(charges.charge_period_start AS DATE) AS first_day,
        CAST(charges.charge_period_end - INTERVAL 1 MICROSECOND AS DATE) + 1 AS end_day,
        fx.fx_rate,
        fx.fx_rate IS NOT NULL AS is_converted,
        coalesce(charges.billing_currency <> getvariable('reporting_currency') AND fx.fx_rate IS NULL, FALSE) AS is_unconverted,
        fx.own_units,
        fx.reporting_units
    FROM books.charges
    INNER JOIN share USING (x_delivery_id, x_line, x_part)
    LEFT JOIN books.covered USING (x_delivery_id, x_line, x_part)
    LEFT JOIN books.named_charges USING (x_delivery_id, x_line, x_part)
    LEFT JOIN config_rules ON share.rule_no = config_rules.rule_no
    LEFT JOIN books.fx
        ON charges.billing_currency = fx.currency
        AND CAST(coalesce(charges.x_issued_at, charges.charge_period_start) AS DATE) = fx.day
),

charge AS (
    SELECT
        *,
        CASE WHEN is_converted THEN converted(billed_cost, own_units, reporting_units) ELSE billed_cost END AS billed,
        CASE WHEN is_converted THEN converted(effective_cost, own_units, reporting_units) ELSE effective_cost END AS effective,
        CASE
            WHEN falls_in IS NOT NULL THEN [falls_in]
            WHEN is_prorated
                THEN CAST(generate_series(date_trunc('month', first_day), end_day - INTERVAL 1 DAY, INTERVAL 1 MONTH) AS DATE[])
        END AS service_months  -- NULL where it is not spread
    FROM counted
),

-- A row a month, in one pass: millions of charges, grouped or joined to themselves, would not fit in memory.
dated AS (
    SELECT
        *,
        unnest(
            CASE
                WHEN list_contains(service_months, billed_month) OR falls_in > billed_month THEN service_months
                ELSE list_append(service_months, billed_month)
            END
        ) AS month
    FROM charge
),

by_month AS (
    SELECT
        * REPLACE (
            CASE WHEN month = greatest(billed_month, falls_in) THEN billed_cost ELSE CAST(0 AS DECIMAL(38, 20)) END
                AS billed_cost,
            CASE WHEN month = greatest(billed_month, falls_in) THEN billed ELSE CAST(0 AS DECIMAL(38, 20)) END AS billed,
            CASE
                WHEN falls_in = month THEN effective_cost
                WHEN falls_in IS NOT NULL THEN CAST(0 AS DECIMAL(38, 20))
                WHEN NOT is_prorated THEN effective_cost
                WHEN list_contains(service_months, month) THEN spread_over_days(effective_cost, first_day, end_day, month)
                ELSE CAST(0 AS DECIMAL(38, 20))
            END AS effective_cost,
            CASE
                WHEN falls_in = month THEN effective
                WHEN falls_in IS NOT NULL THEN CAST(0 AS DECIMAL(38, 20))
                WHEN NOT is_prorated THEN effective
                WHEN list_contains(service_months, month) THEN spread_over_days(effective, first_day, end_day, month)
                ELSE CAST(0 AS DECIMAL(38, 20))
            END AS effective
        )
    FROM dated
)

SELECT
    x_delivery_id,
    x_line,
    x_part,
    share_no,
    source,
    x_basis,
    model_id,
    activity,
    round,
    stage,
    cost_kind,
    run_id,
    rule_no,
    treatment,
    is_contested,
    month,
    fiscal_quarter(month, getvariable('fiscal_year_start_month')) AS quarter,
    CAST(fiscal_quarter_start(month, getvariable('fiscal_year_start_month')) AS DATE) AS quarter_start,
    billing_currency,
    billed_cost,
    effective_cost,
    is_idle,
    is_covered,
    coalesce(is_accrued, FALSE) AS is_accrued,
    allocated_method_id,
    allocated_method_details,
    share_no = 0 AND NOT is_prorated AS is_whole,  -- the charge has no other row
    effective_cost IS NULL AND NOT is_covered AS is_unpriced,
    is_unconverted,
    is_converted,
    fx_rate,
    CASE
        WHEN is_covered THEN CAST(0 AS DECIMAL(38, 20))
        WHEN is_unconverted THEN NULL
        WHEN charge_category = 'Tax' AND getvariable('tax') = 'recoverable' THEN CAST(0 AS DECIMAL(38, 20))
        WHEN covered_parts < all_parts THEN uncovered(effective, covered_parts, all_parts)
        ELSE effective
    END AS cost,
    CASE WHEN NOT is_unconverted THEN billed END AS billed,
    -- A rule that books a managed API's training names no run.
    (run_id IS NOT NULL OR is_api) AND activity = 'training' AND cost_kind = 'compute' AND NOT is_idle AS is_training_only
FROM by_month
