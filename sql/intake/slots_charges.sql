-- Bills: a slot is a provider's billing account in a period (the billing period, or for API answers the day), by its first
-- day; its content is the file's.
CREATE OR REPLACE TEMP TABLE slots AS
SELECT
    row_number() OVER (ORDER BY min(row_index)) AS slot_no,
    provider_name,
    billing_account_id,
    strftime({{period}}, '%Y-%m-%d') AS period,
    CAST(to_json([provider_name, billing_account_id, period]) AS VARCHAR) AS slot,
    FALSE AS is_incomplete,
    getvariable('delivery_sha256') AS content,
    count(*) AS rows_accepted
FROM good
GROUP BY provider_name, billing_account_id, period;

CREATE OR REPLACE TEMP VIEW accepted AS
SELECT good.*, slots.slot_no
FROM good
INNER JOIN slots
    ON good.provider_name IS NOT DISTINCT FROM slots.provider_name
    AND good.billing_account_id IS NOT DISTINCT FROM slots.billing_account_id
    AND strftime(good.{{period}}, '%Y-%m-%d') IS NOT DISTINCT FROM slots.period;
