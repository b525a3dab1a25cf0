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
    CAST(NULL AS VARCHAR) AS reason,
    CAST(NULL AS UBIGINT) AS charge_key
FROM books.costs
LIMIT 0;

INSERT INTO books.frozen BY NAME
{{frozen_costs}};

-- What a charge is, whichever delivery and line it stands on: a bill that is replaced whole says most of its lines again. What was
-- replaced is known too: rows frozen by an older truecost have no key of their own.
CREATE OR REPLACE VIEW books.charge_keys AS
WITH known AS (
    SELECT * FROM books.charges
    UNION ALL BY NAME
    SELECT charges.* EXCLUDE (x_slot_no), claims.source
    FROM ledger.charges
    INNER JOIN books.claims
        ON charges.x_delivery_id = claims.delivery_id
        AND charges.x_slot_no = claims.slot_no
        AND claims.status <> 'current'
)

SELECT
    x_delivery_id,
    x_line,
    x_part,
    md5_number_lower(concat_ws(
        chr(31),
        source,
        coalesce(CAST(charge_period_start AS VARCHAR), ''),
        coalesce(billing_currency, ''),
        coalesce(charge_category, ''),
        coalesce(service_name, ''),
        coalesce(sub_account_id, ''),
        coalesce(resource_id, ''),
        coalesce(sku_id, ''),
        coalesce(invoice_id, ''),
        coalesce(charge_description, '')
    )) AS charge_key
FROM known
WHERE x_delivery_id > 0;

-- What was amortised and written off of each round in closed quarters: the months after them go on from there.
CREATE OR REPLACE TABLE books.frozen_life (
    model_id VARCHAR,
    round INTEGER,
    month DATE,
    quarter VARCHAR,
    amortised DECIMAL(38, 20),
    written_off DECIMAL(38, 20)
);

INSERT INTO books.frozen_life
SELECT model_id, round, month, quarter, amortised, written_off
{{frozen_life}};

CREATE OR REPLACE TABLE books.frozen_plan AS
FROM outlook.projection LIMIT 0;

INSERT INTO books.frozen_plan BY NAME
{{frozen_plan}};

CREATE OR REPLACE VIEW books.baseline AS
SELECT * FROM outlook.projection
WHERE quarter IS NULL OR quarter NOT IN (SELECT quarter FROM books.closes)
UNION ALL BY NAME
FROM books.frozen_plan;

CREATE OR REPLACE TABLE books.frozen_quantities AS
FROM outlook.planned_quantities LIMIT 0;

INSERT INTO books.frozen_quantities BY NAME
{{frozen_quantities}};

CREATE OR REPLACE VIEW books.planned_quantities AS
SELECT * FROM outlook.planned_quantities
WHERE quarter NOT IN (SELECT quarter FROM books.closes)
UNION ALL BY NAME
FROM books.frozen_quantities;
