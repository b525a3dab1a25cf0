-- Each staged row that fails an expectation, and what it failed: by group, the first expectation in the suite's order.
CREATE OR REPLACE TEMP TABLE faults AS
SELECT
    group_id,
    arg_min(failing, position) AS first,
    list(DISTINCT failing.rule || ': ' || failing.column_name ORDER BY failing.rule || ': ' || failing.column_name) AS failed
FROM failing
WHERE NOT is_warning
GROUP BY group_id;

-- The rows themselves as numbers alone, for a file may be nothing but faults.
CREATE OR REPLACE TEMP TABLE faulty AS
SELECT
    staged.row_index,
    staged.x_line AS line,
    faults.group_id,
    row_number() OVER (ORDER BY staged.row_index) <= getvariable('max_faults') AS is_kept
FROM staged
INNER JOIN profile ON {{same_group}}
INNER JOIN faults USING (group_id)
