-- What a charge is, whichever delivery and line it stands on: a bill that is replaced whole says most of its lines again. What was
-- replaced is known too: rows frozen by an older truecost have no key of their own.
CREATE OR REPLACE VIEW books.charge_keys AS
WITH known AS (
    SELECT * FROM books.charges
    UNION ALL BY NAME
    SELECT charges.* EXCLUDE (x_slot_no), claims.source
    FROM ledger.charges
    INNER JOIN books.claims
        ON charges.x_delivery_id = claims.delivery_id
        AND charges.x_slot_no = claims.slot_no
        AND claims.status <> 'current'
)

SELECT
    x_delivery_id,
    x_line,
    x_part,
    md5_number_lower(concat_ws(
        chr(31),
        source,
        coalesce(CAST(charge_period_start AS VARCHAR), ''),
        coalesce(billing_currency, ''),
        coalesce(charge_category, ''),
        coalesce(service_name, ''),
        coalesce(sub_account_id, ''),
        coalesce(resource_id, ''),
        coalesce(sku_id, ''),
        coalesce(invoice_id, ''),
        coalesce(charge_description, '')
    )) AS charge_key
FROM known
WHERE x_delivery_id > 0
