-- The month a charge is billed in: its billing period's, its invoice's, or its own.
CREATE OR REPLACE MACRO billing_month(period_start, issued_at, charge_start) AS
    CAST(date_trunc('month', coalesce(period_start, issued_at, charge_start)) AS DATE);

-- What a charge and the tax, credit or adjustment that belongs to it may have in common, closest first.
CREATE OR REPLACE MACRO follow_keys(resource_id, invoice_id, sub_account_id, service_name) AS
    list_filter(
        [
            {'level': 1, 'level_name': 'resource', 'told': CASE WHEN resource_id IS NOT NULL THEN [resource_id] END},
            {
                'level': 2, 'level_name': 'invoice, sub-account and service', 'told': CASE
                    WHEN invoice_id IS NOT NULL AND sub_account_id IS NOT NULL AND service_name IS NOT NULL
                        THEN [invoice_id, sub_account_id, service_name]
                END
            },
            {
                'level': 3, 'level_name': 'sub-account and service', 'told': CASE
                    WHEN sub_account_id IS NOT NULL AND service_name IS NOT NULL THEN [sub_account_id, service_name]
                END
            },
            {'level': 4, 'level_name': 'service', 'told': CASE WHEN service_name IS NOT NULL THEN [service_name] END},
            {
                'level': 5, 'level_name': 'invoice and sub-account', 'told': CASE
                    WHEN invoice_id IS NOT NULL AND sub_account_id IS NOT NULL THEN [invoice_id, sub_account_id]
                END
            },
            {'level': 6, 'level_name': 'sub-account', 'told': CASE WHEN sub_account_id IS NOT NULL THEN [sub_account_id] END},
            {'level': 7, 'level_name': 'invoice', 'told': CASE WHEN invoice_id IS NOT NULL THEN [invoice_id] END},
            {'level': 8, 'level_name': 'account and period', 'told': CAST([] AS VARCHAR[])}
        ],
        lambda key: key.told IS NOT NULL
    );

-- What a charge weighs for those that follow it, in whole 1e-8; less than nothing weighs nothing. As text, which is twice as fast as
-- units divided.
CREATE OR REPLACE MACRO follow_weight(cost) AS
    CASE
        WHEN cost > 0 THEN CAST(replace(left(CAST(CAST(cost AS DECIMAL(38, 20)) AS VARCHAR), -12), '.', '') AS HUGEINT)
        ELSE 0
    END;
