-- What each training run used, and when its first job began.
CREATE OR REPLACE TABLE books.run_use AS
SELECT
    attribution.run_id,
    sum(job_charges.consumed_quantity) AS gpu_hours,
    min(job_charges.charge_period_start) AS first_job_at
FROM books.attribution
INNER JOIN books.job_charges USING (x_delivery_id, x_line, x_part)
WHERE attribution.run_id IS NOT NULL
GROUP BY attribution.run_id
