-- What is missing of a quarter ($1), or may be, since nobody knows of which it is: what makes its cost a lower bound first.
SELECT kind, source, what, remedy, amounts
FROM gaps
WHERE coalesce(quarter = $1, TRUE)
GROUP BY ALL
ORDER BY NOT bool_or(is_lower_bound), kind, source, what
