-- The shares of a charge that is split.
SELECT model_id, activity, run_id, is_idle, effective_cost, allocated_method_id
FROM books.shares
WHERE x_delivery_id || ':' || x_line || ':' || x_part = ?
ORDER BY share_no
