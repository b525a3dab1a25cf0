-- What is frozen of a quarter: every cost posted to it, adjustments of earlier quarters among them, and what each charge is.
SELECT posted.* EXCLUDE (status, version, charge_key), coalesce(posted.charge_key, charge_keys.charge_key) AS charge_key
FROM books.posted
LEFT JOIN books.charge_keys USING (x_delivery_id, x_line, x_part)
WHERE posted.quarter = getvariable('quarter')
ORDER BY ALL
