-- The shares of what follows other charges (67_followers), put to those of 66_shares.
--
-- A follower is split by what those charges are billed (where that is nothing, by what they cost), as they are themselves split: idle GPU
-- hours and what nobody claims bear their part. Where those charges' shares fall in months of their own (66_shares), so do the shares of
-- what follows them, as far as it is for several months itself.
--
-- A bill may have a million charges and as many credits: nothing is ever joined credit by charge. What the charges come to is added up
-- by key (what they and a credit may have in common) and owner, once; a credit then takes the weights of its key.
INSERT INTO books.shares BY NAME
WITH follower AS (
    SELECT
        *,
        -- NULL finds nothing: what a rule claims follows its coverage only.
        CASE WHEN is_unclaimed THEN source END AS unclaimed_source
    FROM books.followers
),

-- The days of each span that followers of a coverage have.
coverage_span AS (
    SELECT
        *,
        CAST(unnest(generate_series(CAST(first_day AS TIMESTAMP), CAST(end_day - 1 AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS day
    FROM (
        SELECT DISTINCT coverage_no, billing_currency, pool_gpu_type AS wanted_gpu_type, coverage_resource, first_day, end_day
        FROM books.followers
        WHERE coverage_no IS NOT NULL
    )
),

-- What each bill of a resource is called by, of those that followers name.
named_bill AS (
    SELECT x_delivery_id, x_line, x_part, unnest(list_distinct([resource_id, resource_name])) AS bill_resource
    FROM books.charges
    SEMI JOIN books.pool_days USING (x_delivery_id, x_line, x_part)
),

coverage_share AS (
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
        falls_in,
        CAST(sum(follow_weight(billed_cost)) AS HUGEINT) AS billed_weight,
        CAST(sum(follow_weight(effective_cost)) AS HUGEINT) AS effective_weight
    FROM books.shares
    WHERE pool_no IS NOT NULL
    GROUP BY ALL
),

resource_share AS (
    SELECT
        coverage_no,
        bill_resource,
        billing_currency,
        day,
        model_id,
        activity,
        round,
        cost_kind,
        run_id,
        is_idle,
        falls_in,
        CAST(sum(follow_weight(billed_cost)) AS HUGEINT) AS billed_weight,
        CAST(sum(follow_weight(effective_cost)) AS HUGEINT) AS effective_weight
    FROM books.shares
    INNER JOIN named_bill USING (x_delivery_id, x_line, x_part)
    SEMI JOIN coverage_span ON named_bill.bill_resource = coverage_span.coverage_resource
    WHERE pool_no IS NOT NULL
    GROUP BY ALL
),

-- What a follower that names neither a coverage nor a resource with costs could follow.
place AS (
    SELECT *, unnest(follow_keys(NULL, invoice_id, sub_account_id, service_name)) AS key
    FROM (
        SELECT DISTINCT source, provider, account, month, billing_currency, invoice_id, sub_account_id, service_name
        FROM books.followers
        WHERE is_unclaimed
    )
),

followed_place AS (
    SELECT * EXCLUDE (resource_id), unnest(follow_keys(NULL, invoice_id, sub_account_id, service_name)) AS key
    FROM books.followed
    WHERE NOT is_by_resource
),

weight AS (
    SELECT
        coverage_span.* EXCLUDE (day),
        -1 AS level,
        'resource' AS level_name,
        resource_share.* EXCLUDE (coverage_no, bill_resource, billing_currency, day)
    FROM coverage_span
    INNER JOIN resource_share
        ON coverage_span.coverage_no = resource_share.coverage_no
        AND coverage_span.billing_currency = resource_share.billing_currency
        AND coverage_span.day = resource_share.day
        AND coverage_span.coverage_resource = resource_share.bill_resource
    UNION ALL BY NAME
    SELECT
        coverage_span.* EXCLUDE (day),
        0 AS level,
        'its charges' AS level_name,
        coverage_share.* EXCLUDE (coverage_no, pool_gpu_type, billing_currency, day)
    FROM coverage_span
    INNER JOIN coverage_share
        ON coverage_span.coverage_no = coverage_share.coverage_no
        AND coverage_span.billing_currency = coverage_share.billing_currency
        AND coverage_span.day = coverage_share.day
        AND coalesce(coverage_span.wanted_gpu_type = coverage_share.pool_gpu_type, coverage_span.wanted_gpu_type IS NULL)
    UNION ALL BY NAME
    SELECT * EXCLUDE (invoice_id, sub_account_id, service_name, is_by_resource), 1 AS level, 'resource' AS level_name
    FROM books.followed
    WHERE is_by_resource
    UNION ALL BY NAME
    SELECT
        * EXCLUDE (invoice_id, sub_account_id, service_name, is_by_resource, key),
        key.level,
        key.level_name,
        key.told
    FROM followed_place
    SEMI JOIN place USING (source, provider, account, month, billing_currency, key)
),

owned AS (
    SELECT * EXCLUDE (billed_weight, effective_weight), sum(billed_weight) AS billed_weight, sum(effective_weight) AS effective_weight
    FROM weight
    GROUP BY ALL
),

-- What followers may have in common with charges: a row a key, with the owners of these charges.
key AS (
    SELECT
        coverage_no,
        wanted_gpu_type,
        coverage_resource,
        first_day,
        end_day,
        source,
        provider,
        account,
        month,
        billing_currency,
        resource_id,
        level,
        level_name,
        told,
        row_number() OVER () AS key_no,
        CAST(sum(billed_weight) AS HUGEINT) AS all_billed,
        CAST(sum(effective_weight) AS HUGEINT) AS all_effective,
        list({
            'model_id': model_id,
            'activity': activity,
            'round': round,
            'cost_kind': cost_kind,
            'run_id': run_id,
            'is_idle': is_idle,
            'falls_in': falls_in,
            'billed_weight': CAST(billed_weight AS HUGEINT),
            'effective_weight': CAST(effective_weight AS HUGEINT)
        }) AS owners
    FROM owned
    GROUP BY ALL
    HAVING all_billed > 0 OR all_effective > 0
),

key_owner AS (
    SELECT key_no, level, level_name, billing_currency, all_billed, all_effective, unnest(owners, recursive := TRUE)
    FROM key
),

-- No more than 18 digits in all, so that no product overflows.
scaled AS (
    SELECT
        * EXCLUDE (billed_weight, effective_weight, all_billed, all_effective),
        CASE
            WHEN all_billed > 0 THEN billed_weight // (all_billed // 1000000000000000000 + 1)
            ELSE effective_weight // (all_effective // 1000000000000000000 + 1)
        END AS weight
    FROM key_owner
),

weighed AS (
    SELECT
        key_no,
        level,
        level_name,
        billing_currency,
        model_id,
        activity,
        round,
        stage_of(model_id, activity, round) AS stage,
        cost_kind,
        run_id,
        is_idle,
        falls_in,
        weight,
        CAST(sum(weight) OVER (PARTITION BY key_no) AS HUGEINT) AS total,
        row_number() OVER (PARTITION BY key_no ORDER BY is_idle, model_id, activity, cost_kind, run_id, round, falls_in) AS place,
        count(*) OVER (PARTITION BY key_no) = 1 AS is_alone,
        CAST(to_json({'weight': CAST(weight AS VARCHAR), 'of': CAST(total AS VARCHAR), 'unit': billing_currency}) AS VARCHAR)
            AS allocated_method_details
    FROM scaled
    WHERE weight > 0
),

place_key AS (
    SELECT
        place.source,
        place.provider,
        place.account,
        place.month,
        place.billing_currency,
        place.invoice_id,
        place.sub_account_id,
        place.service_name,
        arg_min(key.key_no, key.level) AS key_no
    FROM place
    INNER JOIN key
        ON place.source = key.source
        AND place.provider = key.provider
        AND place.account = key.account
        AND place.month = key.month
        AND place.billing_currency = key.billing_currency
        AND place.key.level = key.level
        AND place.key.told = key.told
    GROUP BY ALL
),

following AS (
    SELECT
        follower.x_delivery_id,
        follower.x_line,
        follower.x_part,
        follower.billed_cost,
        follower.effective_cost,
        coalesce(of_bill.key_no, of_coverage.key_no, of_resource.key_no, place_key.key_no) AS key_no
    FROM follower
    LEFT JOIN (FROM key WHERE level = -1) AS of_bill
        ON follower.coverage_no = of_bill.coverage_no
        AND follower.billing_currency = of_bill.billing_currency
        AND follower.pool_gpu_type IS NOT DISTINCT FROM of_bill.wanted_gpu_type
        AND follower.coverage_resource = of_bill.coverage_resource
        AND follower.first_day = of_bill.first_day
        AND follower.end_day = of_bill.end_day
    LEFT JOIN (FROM key WHERE level = 0) AS of_coverage
        ON follower.coverage_no = of_coverage.coverage_no
        AND follower.billing_currency = of_coverage.billing_currency
        AND follower.pool_gpu_type IS NOT DISTINCT FROM of_coverage.wanted_gpu_type
        AND follower.coverage_resource IS NOT DISTINCT FROM of_coverage.coverage_resource
        AND follower.first_day = of_coverage.first_day
        AND follower.end_day = of_coverage.end_day
    LEFT JOIN (FROM key WHERE level = 1) AS of_resource
        ON follower.unclaimed_source = of_resource.source
        AND follower.provider = of_resource.provider
        AND follower.account = of_resource.account
        AND follower.month = of_resource.month
        AND follower.billing_currency = of_resource.billing_currency
        AND follower.resource_id = of_resource.resource_id
    LEFT JOIN place_key
        ON follower.unclaimed_source = place_key.source
        AND follower.provider = place_key.provider
        AND follower.account = place_key.account
        AND follower.month = place_key.month
        AND follower.billing_currency = place_key.billing_currency
        AND follower.invoice_id IS NOT DISTINCT FROM place_key.invoice_id
        AND follower.sub_account_id IS NOT DISTINCT FROM place_key.sub_account_id
        AND follower.service_name IS NOT DISTINCT FROM place_key.service_name
),

-- Largest remainder, as in 66_shares, a list a follower: to sort the shares of a million credits takes several times as long, and so
-- do more divisions of such numbers than one a share.
key_weights AS (
    SELECT key_no, any_value(total) AS total, list(weight ORDER BY place) AS weights
    FROM weighed
    WHERE NOT is_alone
    GROUP BY key_no
),

amounts AS (
    SELECT
        following.x_delivery_id,
        following.x_line,
        following.x_part,
        key_no,
        weights,
        total,
        to_units(billed_cost) AS billed_whole,
        to_units(effective_cost) AS effective_whole,
        abs(billed_whole) // total AS billed_each,
        abs(effective_whole) // total AS effective_each,
        abs(billed_whole) - billed_each * total AS billed_over,
        abs(effective_whole) - effective_each * total AS effective_over,
        list_transform(weights, lambda weight: billed_over * weight // total) AS billed_parts,
        list_transform(weights, lambda weight: effective_over * weight // total) AS effective_parts
    FROM following
    INNER JOIN key_weights USING (key_no)
),

handed_out AS (
    SELECT
        *,
        rest_ranks(billed_over, weights, total, billed_parts) AS billed_ranks,
        rest_ranks(effective_over, weights, total, effective_parts) AS effective_ranks,
        last_rank(billed_over, billed_parts, billed_ranks) AS billed_last,
        last_rank(effective_over, effective_parts, effective_ranks) AS effective_last
    FROM amounts
),

several AS (
    SELECT
        x_delivery_id,
        x_line,
        x_part,
        key_no,
        generate_subscripts(weights, 1) AS place,
        unnest(ranked_parts(billed_whole, billed_each, weights, billed_parts, billed_ranks, billed_last)) AS billed_units,
        unnest(ranked_parts(effective_whole, effective_each, weights, effective_parts, effective_ranks, effective_last))
            AS effective_units
    FROM handed_out
),

shared AS (
    -- Most follow charges of one owner, and are not split at all.
    SELECT following.x_delivery_id, following.x_line, following.x_part, following.billed_cost, following.effective_cost, weighed.*
    FROM following
    INNER JOIN weighed USING (key_no)
    WHERE weighed.is_alone
    UNION ALL BY NAME
    SELECT
        several.x_delivery_id,
        several.x_line,
        several.x_part,
        from_units(several.billed_units) AS billed_cost,
        from_units(several.effective_units) AS effective_cost,
        weighed.*
    FROM several
    INNER JOIN weighed USING (key_no, place)
)

SELECT
    shared.x_delivery_id,
    shared.x_line,
    shared.x_part,
    CAST(shared.place AS INTEGER) AS share_no,
    CAST(NULL AS INTEGER) AS coverage_no,
    CAST(NULL AS INTEGER) AS pool_no,
    shared.model_id,
    shared.activity,
    shared.round,
    shared.stage,
    shared.cost_kind,
    shared.run_id,
    shared.is_idle,
    CASE
        WHEN followers.last_month > followers.first_month
            AND shared.falls_in BETWEEN followers.first_month AND followers.last_month
            THEN shared.falls_in
    END AS falls_in,
    shared.billing_currency,
    shared.billed_cost,
    shared.effective_cost,
    CASE WHEN shared.level <= 0 THEN coalesce(config_coverage.name, '') ELSE followers.category END || ' by ' || shared.level_name
        AS allocated_method_id,
    shared.allocated_method_details
FROM shared
INNER JOIN books.followers USING (x_delivery_id, x_line, x_part)
LEFT JOIN config_coverage ON followers.coverage_no = config_coverage.coverage_no
