-- Cloud exports: a slot is a provider's billing account in a billing period; its content is the file's.
CREATE OR REPLACE TEMP TABLE slots AS
SELECT
    row_number() OVER (ORDER BY min(row_index)) AS slot_no,
    provider_name,
    billing_account_id,
    billing_period_start,
    CAST(to_json([provider_name, billing_account_id, strftime(billing_period_start, '%Y-%m-%d')]) AS VARCHAR) AS slot,
    strftime(billing_period_start, '%Y-%m-%d') AS period,
    FALSE AS is_incomplete,
    getvariable('delivery_sha256') AS content,
    count(*) AS rows_accepted
FROM good
GROUP BY provider_name, billing_account_id, billing_period_start;

CREATE OR REPLACE TEMP VIEW accepted AS
SELECT good.*, slots.slot_no
FROM good
INNER JOIN slots
    ON good.provider_name IS NOT DISTINCT FROM slots.provider_name
    AND good.billing_account_id IS NOT DISTINCT FROM slots.billing_account_id
    AND good.billing_period_start IS NOT DISTINCT FROM slots.billing_period_start;
