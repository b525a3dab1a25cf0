-- The shares of a charge that is split.
SELECT model_id, activity, run_id, is_idle, effective_cost, allocated_method_id, allocated_method_details
FROM books.shares
WHERE x_delivery_id = $delivery_id AND x_line = $line AND x_part = $part
ORDER BY share_no
