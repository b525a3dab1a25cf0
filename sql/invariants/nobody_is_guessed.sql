-- What no rule, no run, no entry of truecost.toml and no use of a shared charge claims is unallocated and shown; usage without a price is never a zero.
SELECT
    'charge ' || x_delivery_id || ':' || x_line || ':' || x_part AS subject,
    CASE
        WHEN is_unpriced THEN 'it has no price, yet counts as ' || cost
        WHEN model_id IS NULL THEN 'no model claims it, yet its stage is ' || stage
        ELSE 'neither rule, run, entry nor use gave it to ' || model_id
    END AS fault
FROM books.costs
WHERE (is_unpriced AND cost IS NOT NULL)
    OR (model_id IS NULL AND stage <> 'unallocated')
    OR (model_id IS NOT NULL AND rule_no IS NULL AND run_id IS NULL AND NOT names_its_model(source)
        AND allocated_method_id IS NULL)
