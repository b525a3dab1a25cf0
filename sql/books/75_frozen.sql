-- What was frozen of the quarters that are closed: their costs, their plans' baselines, and how complete they were.
CREATE OR REPLACE TABLE books.closes AS
SELECT * FROM config_closes;

-- How often each quarter has been closed, be it open again or not.
CREATE OR REPLACE TABLE books.versions AS
SELECT * FROM config_versions;

CREATE OR REPLACE TABLE books.completeness AS
SELECT * FROM config_completeness;

CREATE OR REPLACE TABLE books.frozen AS
SELECT
    *,
    quarter AS origin_quarter,
    CAST(NULL AS DATE) AS origin_month,
    FALSE AS is_adjustment,
    CAST(NULL AS VARCHAR) AS reason
FROM books.costs
LIMIT 0;

INSERT INTO books.frozen BY NAME
/* frozen costs */ FROM books.frozen;

CREATE OR REPLACE TABLE books.frozen_plan AS
FROM outlook.projection LIMIT 0;

INSERT INTO books.frozen_plan BY NAME
/* frozen plans */ FROM books.frozen_plan;

CREATE OR REPLACE VIEW books.baseline AS
SELECT * FROM outlook.projection
WHERE quarter IS NULL OR quarter NOT IN (SELECT quarter FROM books.closes)
UNION ALL BY NAME
FROM books.frozen_plan;

CREATE OR REPLACE TABLE books.frozen_quantities AS
FROM outlook.planned_quantities LIMIT 0;

INSERT INTO books.frozen_quantities BY NAME
/* frozen quantities */ FROM books.frozen_quantities;

CREATE OR REPLACE VIEW books.planned_quantities AS
SELECT * FROM outlook.planned_quantities
WHERE quarter NOT IN (SELECT quarter FROM books.closes)
UNION ALL BY NAME
FROM books.frozen_quantities;
