-- The quarters of each model: every quarter with a cost of anyone's, from the first in which the model had one.
CREATE OR REPLACE TABLE books.model_quarters AS
WITH quarter AS (
    SELECT quarter, quarter_start, max(status) AS status, max(version) AS version FROM books.posted GROUP BY quarter, quarter_start
),

owner AS (
    SELECT model_id, min(quarter_start) AS first_quarter_start FROM books.posted GROUP BY model_id
)

SELECT owner.model_id, quarter.*
FROM owner
INNER JOIN quarter ON quarter.quarter_start >= owner.first_quarter_start
