-- Each staged row that fails an expectation, under the first one it fails (in the suite's order).
CREATE OR REPLACE TEMP TABLE faulty AS
WITH failing_group AS (
    SELECT
        group_id,
        arg_min(failing, position) AS first,
        list(DISTINCT failing.rule || ': ' || failing.column_name ORDER BY failing.rule || ': ' || failing.column_name) AS failed
    FROM failing
    WHERE NOT is_warning
    GROUP BY group_id
)

SELECT
    staged.row_index,
    staged.x_line AS line,
    failing_group.first.rule,
    failing_group.first.column_name,
    failing_group.first.message,
    failing_group.first.remedy,
    list_filter(
        failing_group.failed,
        lambda other: other <> failing_group.first.rule || ': ' || failing_group.first.column_name
    ) AS also_failed
FROM staged
INNER JOIN profile ON {{same_group}}
INNER JOIN failing_group USING (group_id)
