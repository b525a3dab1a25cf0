-- What finance sees: closed quarters as they were frozen, open ones as the books say now, with the adjustments due.
CREATE OR REPLACE VIEW books.posted AS
WITH row_posted AS (
    SELECT
        *,
        quarter AS origin_quarter,
        CAST(NULL AS DATE) AS origin_month,
        FALSE AS is_adjustment,
        CAST(NULL AS VARCHAR) AS reason,
        'preliminary' AS status
    FROM books.costs
    WHERE quarter_start >= (SELECT coalesce(max(quarter_end), DATE '0001-01-01') FROM books.closes)
    UNION ALL BY NAME
    SELECT *, TRUE AS is_adjustment, 'preliminary' AS status
    FROM books.adjustments
    UNION ALL BY NAME
    SELECT *, 'closed' AS status
    FROM books.frozen
)

SELECT row_posted.*, coalesce(versions.closed_times, 0) + CASE WHEN status = 'closed' THEN 0 ELSE 1 END AS version
FROM row_posted
LEFT JOIN books.versions USING (quarter)
