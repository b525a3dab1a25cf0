-- Files that were refused, whole.
SELECT DISTINCT
    deliveries.source,
    deliveries.delivery_id,
    deliveries.file,
    deliveries.refused_because,
    absent_quarters.quarter,
    1 AS pieces,
    absent_quarters.is_cost,
    absent_quarters.is_lower_bound
FROM absent_quarters
INNER JOIN books.deliveries USING (delivery_id)
WHERE absent_quarters.kind = 'refused'
