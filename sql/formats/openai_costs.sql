-- OpenAI's organization costs: rows of text -> typed charges. A bucket's ends are unix seconds, the second exclusive.
-- Organization costs are what is billed: there is one amount, and it is both billed and effective.
WITH read AS NOT MATERIALIZED (
    SELECT
        *,
        upper(coalesce(billing_currency, getvariable('source_currency'))) AS currency,
        CASE
            WHEN regexp_full_match(charge_period_start, '[0-9]{1,10}')
                THEN make_timestamp(1000000 * CAST(charge_period_start AS BIGINT))
        END AS start_at,
        CASE
            WHEN regexp_full_match(charge_period_end, '[0-9]{1,10}')
                THEN make_timestamp(1000000 * CAST(charge_period_end AS BIGINT))
        END AS end_at
    FROM raw
)

SELECT
    parse_amount(billed_cost) AS billed_cost,
    parse_amount(billed_cost) AS effective_cost,
    currency AS billing_currency,
    billing_account_id,
    billing_account_name,
    CASE WHEN billing_account_id IS NOT NULL THEN 'Organization' END AS billing_account_type,
    CAST(date_trunc('month', start_at) AS TIMESTAMP) AS billing_period_start,
    CAST(date_trunc('month', start_at) + INTERVAL 1 MONTH AS TIMESTAMP) AS billing_period_end,
    start_at AS charge_period_start,
    end_at AS charge_period_end,
    CASE WHEN parse_amount(billed_cost) < 0 THEN 'Credit' ELSE 'Usage' END AS charge_category,
    'Usage-Based' AS charge_frequency,
    coalesce(charge_description, 'OpenAI costs, not grouped by line item') AS charge_description,
    parse_amount(consumed_quantity) AS consumed_quantity,
    consumed_unit,
    'OpenAI' AS provider_name,
    'OpenAI' AS publisher_name,
    'OpenAI' AS invoice_issuer_name,
    'AI and Machine Learning' AS service_category,
    'Generative AI' AS service_subcategory,
    coalesce(charge_description, 'OpenAI API') AS service_name,
    sub_account_id,
    sub_account_name,
    CASE WHEN sub_account_id IS NOT NULL THEN 'Project' END AS sub_account_type,
    CAST(to_json(struct_pack(
        api_key_id := api_key_id,
        user_id := user_id,
        organization_id := billing_account_id,
        organization_name := billing_account_name
    )) AS VARCHAR) AS tags,
    CAST(NULL AS TIMESTAMP) AS x_issued_at,
    CASE WHEN results = '0' THEN 'empty bucket' END AS skip_reason,
    struct_pack(
        billed_cost := amount_state(billed_cost),
        commitment_discount_quantity := 'missing',
        consumed_quantity := amount_state(consumed_quantity),
        contracted_cost := 'missing',
        contracted_unit_price := 'missing',
        effective_cost := 'ok',
        list_cost := 'missing',
        list_unit_price := 'missing',
        pricing_currency_contracted_unit_price := 'missing',
        pricing_currency_effective_cost := 'missing',
        pricing_currency_list_unit_price := 'missing',
        pricing_quantity := 'missing',
        billing_period_end := 'ok',
        billing_period_start := 'ok',
        charge_period_end := time_state(charge_period_end, end_at),
        charge_period_start := time_state(charge_period_start, start_at),
        charge_period := CASE WHEN end_at <= start_at THEN 'ends_before_it_starts' ELSE 'ok' END,
        quantity := 'ok',
        billing_period := 'ok',
        billing_currency := currency_state(currency)
    ) AS checks
FROM read
