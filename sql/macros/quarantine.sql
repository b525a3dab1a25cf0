-- What a row of the quarantine says that stands for more rows than are kept in full.
CREATE OR REPLACE MACRO more_rows(rows, message) AS
    format('{:,}', rows) || CASE WHEN rows = 1 THEN ' more row' ELSE ' more rows' END || ', the first of which: ' || message;
