-- FOCUS 1.0 to 1.4: text -> typed charges. Types are the specification's, and so are allowed values, whatever their case in the file;
-- `checks` says how each value fared.
WITH read AS NOT MATERIALIZED (
    SELECT
        * REPLACE (
            focus_category(charge_category) AS charge_category,
            CASE WHEN lower(charge_class) = 'correction' THEN 'Correction' ELSE charge_class END AS charge_class
        ),
        parse_time(billing_period_end, 'UTC') AS billing_period_end_at,
        parse_time(billing_period_start, 'UTC') AS billing_period_start_at,
        parse_time(charge_period_end, 'UTC') AS charge_period_end_at,
        parse_time(charge_period_start, 'UTC') AS charge_period_start_at
    FROM raw
)

SELECT
    allocated_method_details,
    allocated_method_id,
    allocated_resource_id,
    allocated_resource_name,
    tags_object(allocated_tags) AS allocated_tags,
    availability_zone,
    parse_amount(billed_cost) AS billed_cost,
    billing_account_id,
    billing_account_name,
    billing_account_type,
    coalesce(billing_currency, getvariable('source_currency')) AS billing_currency,
    billing_period_end_at AS billing_period_end,
    billing_period_start_at AS billing_period_start,
    capacity_reservation_id,
    focus_status(capacity_reservation_status) AS capacity_reservation_status,
    charge_category,
    charge_class,
    charge_description,
    focus_frequency(charge_frequency) AS charge_frequency,
    charge_period_end_at AS charge_period_end,
    charge_period_start_at AS charge_period_start,
    focus_commitment(commitment_discount_category) AS commitment_discount_category,
    commitment_discount_id,
    commitment_discount_name,
    parse_amount(commitment_discount_quantity) AS commitment_discount_quantity,
    focus_status(commitment_discount_status) AS commitment_discount_status,
    commitment_discount_type,
    commitment_discount_unit,
    commitment_program_eligibility_details,
    parse_amount(consumed_quantity) AS consumed_quantity,
    consumed_unit,
    contract_applied,
    parse_amount(contracted_cost) AS contracted_cost,
    parse_amount(contracted_unit_price) AS contracted_unit_price,
    parse_amount(effective_cost) AS effective_cost,
    host_provider_name,
    invoice_detail_id,
    invoice_id,
    invoice_issuer_name,
    parse_amount(list_cost) AS list_cost,
    parse_amount(list_unit_price) AS list_unit_price,
    focus_pricing(pricing_category) AS pricing_category,
    pricing_currency,
    parse_amount(pricing_currency_contracted_unit_price) AS pricing_currency_contracted_unit_price,
    parse_amount(pricing_currency_effective_cost) AS pricing_currency_effective_cost,
    parse_amount(pricing_currency_list_unit_price) AS pricing_currency_list_unit_price,
    parse_amount(pricing_quantity) AS pricing_quantity,
    pricing_unit,
    coalesce(provider_name, service_provider_name) AS provider_name,
    publisher_name,
    region_id,
    region_name,
    resource_id,
    resource_name,
    resource_type,
    focus_service(service_category) AS service_category,
    service_name,
    service_provider_name,
    service_subcategory,
    sku_id,
    sku_meter,
    sku_price_details,
    sku_price_id,
    sub_account_id,
    sub_account_name,
    sub_account_type,
    tags_object(tags) AS tags,
    CAST(NULL AS TIMESTAMP) AS x_issued_at,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        billed_cost := amount_state(billed_cost),
        commitment_discount_quantity := amount_state(commitment_discount_quantity),
        consumed_quantity := amount_state(consumed_quantity),
        contracted_cost := amount_state(contracted_cost),
        contracted_unit_price := amount_state(contracted_unit_price),
        effective_cost := amount_state(effective_cost),
        list_cost := amount_state(list_cost),
        list_unit_price := amount_state(list_unit_price),
        pricing_currency_contracted_unit_price := amount_state(pricing_currency_contracted_unit_price),
        pricing_currency_effective_cost := amount_state(pricing_currency_effective_cost),
        pricing_currency_list_unit_price := amount_state(pricing_currency_list_unit_price),
        pricing_quantity := amount_state(pricing_quantity),
        billing_period_end := time_state(billing_period_end, billing_period_end_at),
        billing_period_start := time_state(billing_period_start, billing_period_start_at),
        charge_period_end := time_state(charge_period_end, charge_period_end_at),
        charge_period_start := time_state(charge_period_start, charge_period_start_at),
        charge_period := CASE
            WHEN charge_period_end_at <= charge_period_start_at THEN 'ends_before_it_starts'
            ELSE 'ok'
        END,
        quantity := CASE
            WHEN charge_category <> 'Usage' OR charge_class = 'Correction' THEN 'ok'
            WHEN starts_with(billed_cost, '-') OR starts_with(effective_cost, '-') OR starts_with(list_cost, '-') THEN 'ok'
            WHEN starts_with(consumed_quantity, '-') OR starts_with(pricing_quantity, '-') THEN 'negative'
            ELSE 'ok'
        END,
        billing_period := CASE
            WHEN charge_period_start_at < billing_period_start_at
                OR charge_period_start_at >= billing_period_end_at THEN 'outside'
            ELSE 'ok'
        END,
        billing_currency := currency_state(coalesce(billing_currency, getvariable('source_currency')))
    ) AS checks
FROM read
