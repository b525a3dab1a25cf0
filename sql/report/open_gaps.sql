-- How much is missing, quarter by quarter, as last published: faults, and those that make its cost a lower bound.
SELECT
    coalesce(quarter, 'any quarter') AS quarter,
    count(DISTINCT row(kind, source, what)) AS faults,
    count(DISTINCT row(kind, source, what)) FILTER (is_lower_bound) AS bounding
FROM gaps
GROUP BY quarter
ORDER BY quarter DESC NULLS LAST
