-- Every current charge: the bills' own lines; priced usage: GPU and CPU hours, staff time and tokens; and capacity of our own. `x_basis` says which.
CREATE OR REPLACE VIEW books.charges AS
SELECT charges.* EXCLUDE (x_slot_no), current_slots.source, 'billed' AS x_basis
FROM ledger.charges
INNER JOIN books.current_slots ON charges.x_delivery_id = current_slots.delivery_id AND charges.x_slot_no = current_slots.slot_no
ANTI JOIN books.merged_charges
    ON charges.x_delivery_id = merged_charges.x_delivery_id
    AND charges.x_line = merged_charges.x_line
    AND charges.x_part = merged_charges.x_part
UNION ALL BY NAME
SELECT *, CAST(NULL AS TIMESTAMP) AS x_issued_at, 'usage' AS x_basis
FROM books.job_charges
UNION ALL BY NAME
SELECT *, CAST(NULL AS TIMESTAMP) AS x_issued_at, 'usage' AS x_basis
FROM books.cpu_charges
UNION ALL BY NAME
SELECT *, CAST(NULL AS TIMESTAMP) AS x_issued_at, 'usage' AS x_basis
FROM books.labor_charges
UNION ALL BY NAME
SELECT * EXCLUDE (staff_model_id, staff_activity, staff_treatment), CAST(NULL AS TIMESTAMP) AS x_issued_at, 'usage' AS x_basis
FROM books.staff_charges
UNION ALL BY NAME
SELECT * EXCLUDE (token_rate_no, token_model_id), CAST(NULL AS TIMESTAMP) AS x_issued_at, 'usage' AS x_basis
FROM books.token_charges
UNION ALL BY NAME
SELECT *, CAST(NULL AS TIMESTAMP) AS x_issued_at, 'capacity' AS x_basis
FROM books.capacity_charges
