-- What publishing rests on: the steps that write what the views show, and what the books came to. A warehouse that was rebuilt from
-- other content says so, though every step rests on the same.
SELECT step, fingerprint
FROM log.steps
WHERE step NOT IN ('settle', 'macros', 'publish')
UNION ALL
SELECT
    'control totals',
    CAST(sum(CAST(hash(delivery_id, column_name, currency, part, amount) AS HUGEINT)) AS VARCHAR)
FROM log.control_totals
UNION ALL
SELECT
    'costs',
    CAST(sum(CAST(hash(x_delivery_id, x_line, x_part, model_id, activity, round, month, cost) AS HUGEINT)) AS VARCHAR)
FROM books.posted
ORDER BY step
