-- Taxes, credits and fees follow the charges they belong to: what of a [[coverage]]'s bills is no GPU hours follows its pools of the same
-- days; a tax, credit or adjustment that no rule claims follows the charges of the same source, provider, account, billing period
-- and currency, by the first of these that finds any: resource; invoice, sub-account and service; sub-account and service; service;
-- invoice and sub-account; sub-account; invoice; the account and period as a whole. What finds none is left to the rules.
--
-- It is split by what those charges are billed (where that is nothing, by what they cost), as they are themselves split: idle GPU
-- hours and what nobody claims bear their part.
CREATE OR REPLACE TABLE books.followers AS
WITH candidate AS (
    SELECT x_delivery_id, x_line, x_part, charge_category
    FROM books.charges
    WHERE x_basis = 'billed' AND charge_category IN ('Tax', 'Credit', 'Adjustment')
),

unclaimed AS (
    SELECT candidate.x_delivery_id, candidate.x_line, candidate.x_part
    FROM candidate
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    ANTI JOIN books.shares USING (x_delivery_id, x_line, x_part)
    WHERE attribution.model_id IS NULL AND attribution.rule_no IS NULL AND NOT attribution.is_contested
),

listed AS (
    SELECT x_delivery_id, x_line, x_part FROM books.shared_charges WHERE part = 'follower'
    UNION
    SELECT x_delivery_id, x_line, x_part FROM unclaimed
)

SELECT
    row_number() OVER (ORDER BY charges.x_delivery_id, charges.x_line, charges.x_part) AS follower_no,
    charges.x_delivery_id,
    charges.x_line,
    charges.x_part,
    coalesce(charges.charge_category, 'Usage') AS charge_category,
    shared_charges.coverage_no,
    shared_charges.pool_gpu_type,
    shared_charges.first_day,
    shared_charges.end_day,
    unclaimed.x_delivery_id IS NOT NULL AS is_unclaimed,
    charges.source,
    coalesce(charges.provider_name, '') AS provider,
    coalesce(charges.billing_account_id, '') AS account,
    billing_month(charges.billing_period_start, charges.x_issued_at, charges.charge_period_start) AS month,
    charges.billing_currency,
    charges.invoice_id,
    charges.sub_account_id,
    charges.service_name,
    charges.resource_id,
    to_units(charges.billed_cost) AS billed_whole,
    to_units(charges.effective_cost) AS effective_whole
FROM books.charges
INNER JOIN listed USING (x_delivery_id, x_line, x_part)
LEFT JOIN unclaimed USING (x_delivery_id, x_line, x_part)
LEFT JOIN books.shared_charges
    ON charges.x_delivery_id = shared_charges.x_delivery_id
    AND charges.x_line = shared_charges.x_line
    AND charges.x_part = shared_charges.x_part
    AND shared_charges.part = 'follower';

-- What could be followed, by owner: weights in 1e-8.
CREATE OR REPLACE TABLE books.followed AS
WITH wanted AS (
    SELECT DISTINCT source, provider, account, month, billing_currency FROM books.followers WHERE is_unclaimed
),

charge AS (
    SELECT
        charges.x_delivery_id,
        charges.x_line,
        charges.x_part,
        wanted.*,
        charges.invoice_id,
        charges.sub_account_id,
        charges.service_name,
        charges.resource_id,
        charges.billed_cost,
        charges.effective_cost
    FROM books.charges
    INNER JOIN wanted
        ON charges.source = wanted.source
        AND coalesce(charges.provider_name, '') = wanted.provider
        AND coalesce(charges.billing_account_id, '') = wanted.account
        AND billing_month(charges.billing_period_start, charges.x_issued_at, charges.charge_period_start) = wanted.month
        AND charges.billing_currency = wanted.billing_currency
    WHERE charges.x_basis = 'billed' AND coalesce(charges.charge_category, 'Usage') IN ('Usage', 'Purchase')
),

owned AS (
    SELECT
        charge.* EXCLUDE (billed_cost, effective_cost),
        shares.model_id,
        shares.activity,
        shares.round,
        shares.cost_kind,
        shares.run_id,
        shares.is_idle,
        shares.billed_cost,
        shares.effective_cost
    FROM charge
    INNER JOIN books.shares USING (x_delivery_id, x_line, x_part)
    UNION ALL BY NAME
    SELECT
        charge.*,
        attribution.model_id,
        attribution.activity,
        attribution.round,
        attribution.cost_kind,
        attribution.run_id,
        FALSE AS is_idle
    FROM charge
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    ANTI JOIN books.shares USING (x_delivery_id, x_line, x_part)
)

SELECT
    * EXCLUDE (x_delivery_id, x_line, x_part, billed_cost, effective_cost),
    sum(greatest(to_units(billed_cost), 0) // 1000000000000) AS billed_weight,
    sum(greatest(to_units(effective_cost), 0) // 1000000000000) AS effective_weight
FROM owned
GROUP BY ALL;

INSERT INTO books.shares BY NAME
WITH coverage_share AS (
    SELECT
        coverage_no,
        pool_gpu_type,
        billing_currency,
        day,
        model_id,
        activity,
        round,
        cost_kind,
        run_id,
        is_idle,
        sum(greatest(to_units(billed_cost), 0) // 1000000000000) AS billed_weight,
        sum(greatest(to_units(effective_cost), 0) // 1000000000000) AS effective_weight
    FROM books.shares
    WHERE pool_no IS NOT NULL
    GROUP BY ALL
),

follower_key AS (
    SELECT
        follower_no,
        source,
        provider,
        account,
        month,
        billing_currency,
        unnest(follow_keys(resource_id, invoice_id, sub_account_id, service_name)) AS key
    FROM books.followers
    WHERE is_unclaimed
),

followed_key AS (
    SELECT *, unnest(follow_keys(resource_id, invoice_id, sub_account_id, service_name)) AS key FROM books.followed
),

weight AS (
    SELECT
        followers.follower_no,
        0 AS level,
        'coverage' AS level_name,
        coverage_share.* EXCLUDE (coverage_no, pool_gpu_type, billing_currency, day)
    FROM books.followers
    INNER JOIN coverage_share
        ON followers.coverage_no = coverage_share.coverage_no
        AND followers.billing_currency = coverage_share.billing_currency
        AND coverage_share.day >= followers.first_day
        AND coverage_share.day < followers.end_day
        AND (followers.pool_gpu_type IS NULL OR followers.pool_gpu_type = coverage_share.pool_gpu_type)
    UNION ALL BY NAME
    SELECT
        follower_key.follower_no,
        follower_key.key.level AS level,
        follower_key.key.level_name AS level_name,
        followed_key.* EXCLUDE (
            source, provider, account, month, billing_currency, invoice_id, sub_account_id, service_name, resource_id, key
        )
    FROM follower_key
    INNER JOIN followed_key USING (source, provider, account, month, billing_currency, key)
),

summed AS (
    SELECT
        * EXCLUDE (billed_weight, effective_weight),
        CAST(sum(billed_weight) AS HUGEINT) AS billed_weight,
        CAST(sum(effective_weight) AS HUGEINT) AS effective_weight
    FROM weight
    GROUP BY ALL
),

totalled AS (
    SELECT
        *,
        sum(billed_weight) OVER (PARTITION BY follower_no, level) AS all_billed,
        sum(effective_weight) OVER (PARTITION BY follower_no, level) AS all_effective
    FROM summed
),

first_found AS (
    SELECT follower_no, min(level) AS level
    FROM totalled
    WHERE all_billed > 0 OR all_effective > 0
    GROUP BY follower_no
),

-- No more than 18 digits in all, so that no product overflows.
scaled AS (
    SELECT
        totalled.* EXCLUDE (billed_weight, effective_weight, all_billed, all_effective),
        CASE
            WHEN all_billed > 0 THEN billed_weight // (CAST(all_billed AS HUGEINT) // 1000000000000000000 + 1)
            ELSE effective_weight // (CAST(all_effective AS HUGEINT) // 1000000000000000000 + 1)
        END AS weight
    FROM totalled
    INNER JOIN first_found USING (follower_no, level)
),

weighed AS (
    SELECT
        *,
        CAST(sum(weight) OVER (PARTITION BY follower_no) AS HUGEINT) AS total,
        row_number() OVER (
            PARTITION BY follower_no ORDER BY is_idle, model_id, activity, cost_kind, run_id, round
        ) AS place
    FROM scaled
    WHERE weight > 0
)

SELECT
    followers.x_delivery_id,
    followers.x_line,
    followers.x_part,
    CAST(place AS INTEGER) AS share_no,
    CAST(NULL AS INTEGER) AS coverage_no,
    CAST(NULL AS INTEGER) AS pool_no,
    model_id,
    activity,
    round,
    stage_of(model_id, activity, round) AS stage,
    cost_kind,
    run_id,
    is_idle,
    followers.billing_currency,
    from_units(largest_remainder(billed_whole, weight, total, follower_no, place)) AS billed_cost,
    from_units(largest_remainder(effective_whole, weight, total, follower_no, place)) AS effective_cost,
    CASE WHEN level = 0 THEN coalesce(config_coverage.name, '') ELSE lower(followers.charge_category) END
    || ' by ' || CASE WHEN level = 0 THEN 'its charges' ELSE level_name END AS allocated_method_id,
    CAST(to_json({
        'weight': CAST(weight AS VARCHAR),
        'of': CAST(total AS VARCHAR),
        'unit': followers.billing_currency
    }) AS VARCHAR) AS allocated_method_details
FROM weighed
INNER JOIN books.followers USING (follower_no)
LEFT JOIN config_coverage ON followers.coverage_no = config_coverage.coverage_no
