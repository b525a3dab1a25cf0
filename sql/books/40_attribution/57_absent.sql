-- What came in files and is not in the books: quarantined rows, rows of held slots, refused files, and jobs whose GPUs nobody named; with
-- the days it is of and the model whose cost it is, as far as either can be known.
--
-- A row that could be read but for a column or two meets the rules as it would have in the books. What has no readable day is of the days
-- of the file's other rows; a refused file is of the days its path tells, or, where it was delivered before, of those it had then and all
-- since.
--
-- pieces: how many rows it stands for; of held slots and refused files, 1
-- amount: what it comes to, where it can be read
-- model_id: whose cost it is; NULL where that is not known, or nobody's
-- is_unclaimed: whether it is known that no rule claims it
-- is_cost: whether it would change what anything costs
-- is_lower_bound: whether what is known of that cost is too low for it
CREATE OR REPLACE TABLE books.absent AS
WITH quarantined AS (
    SELECT
        quarantine.* EXCLUDE (dataset),
        deliveries.source,
        deliveries.dataset,
        row_number() OVER () AS row_no,
        lower(coalesce(quarantine.column_name, '')) LIKE '%tag%' OR quarantine.read_json IS NULL AS is_blind
    FROM log.quarantine
    INNER JOIN books.deliveries USING (delivery_id)
    WHERE NOT deliveries.is_outdated
),

bad_charge AS (
    SELECT
        row_no,
        delivery_id AS x_delivery_id,
        line AS x_line,
        source,
        'billed' AS x_basis,
        {{read_columns}}
    FROM quarantined
    WHERE dataset IN ('charges', 'invoices') AND read_json IS NOT NULL
),

bad_job AS (
    SELECT
        quarantined.row_no,
        job.*
    FROM quarantined
    CROSS JOIN LATERAL (
        SELECT
            quarantined.delivery_id AS x_delivery_id,
            quarantined.line AS x_line,
            quarantined.source,
            json_extract_string(quarantined.read_json, '$.account') AS account,
            json_extract_string(quarantined.read_json, '$.user_name') AS user_name,
            json_extract_string(quarantined.read_json, '$.partition') AS "partition",
            json_extract_string(quarantined.read_json, '$.qos') AS qos,
            json_extract_string(quarantined.read_json, '$.cluster') AS cluster,
            json_extract_string(quarantined.read_json, '$.job_name') AS job_name,
            json_extract_string(quarantined.read_json, '$.job_id') AS job_id,
            json_extract_string(quarantined.read_json, '$.state') AS state,
            try_cast(json_extract_string(quarantined.read_json, '$.started_at') AS TIMESTAMP) AS started_at,
            try_cast(json_extract_string(quarantined.read_json, '$.gpus') AS INTEGER) AS gpus
    ) AS job
    WHERE quarantined.dataset = 'jobs' AND quarantined.read_json IS NOT NULL
),

-- Jobs that ran where others of their source had GPUs (the same cluster and partition), and name none themselves.
unnamed_job AS (
    SELECT job.*
    FROM books.jobs AS job
    SEMI JOIN (SELECT source, cluster, "partition" FROM books.jobs WHERE gpus > 0 AND status = 'current') AS gpu_partition
        ON job.source = gpu_partition.source
        AND job.cluster = gpu_partition.cluster
        AND job."partition" = gpu_partition."partition"
    WHERE job.status = 'current' AND job.gpus = 0 AND job.elapsed_seconds > 0
),

job AS (
    SELECT * FROM bad_job
    UNION ALL BY NAME
    SELECT
        x_delivery_id, x_line, source, account, user_name, "partition", qos, cluster, job_name, job_id, state, started_at,
        CAST(NULL AS INTEGER) AS gpus
    FROM unnamed_job
),

job_charge AS (
    SELECT
        row_no,
        x_delivery_id,
        x_line,
        source,
        'usage' AS x_basis,
        'Slurm' AS provider_name,
        'Usage' AS charge_category,
        'Compute' AS service_category,
        'Slurm' AS service_name,
        started_at AS charge_period_start,
        account AS sub_account_id,
        job_id AS resource_id,
        job_name AS resource_name,
        'Slurm job' AS resource_type,
        'GPU-Hours' AS consumed_unit,
        CAST(to_json({
            'account': account, 'user': user_name, 'partition': "partition", 'qos': qos, 'cluster': cluster,
            'job_name': job_name, 'state': state
        }) AS VARCHAR) AS tags
    FROM job
),

entry_charge AS (
    SELECT
        row_no,
        delivery_id AS x_delivery_id,
        line AS x_line,
        source,
        'usage' AS x_basis,
        'Usage' AS charge_category,
        'Other' AS service_category,
        'Staff time' AS service_name,
        'Hours' AS consumed_unit,
        'Project' AS resource_type,
        coalesce(
            json_extract_string(read_json, '$.description'),
            json_extract_string(read_json, '$.task'),
            json_extract_string(read_json, '$.project')
        ) AS charge_description,
        try_cast(json_extract_string(read_json, '$.started_at') AS TIMESTAMP) AS charge_period_start,
        json_extract_string(read_json, '$.client') AS sub_account_id,
        json_extract_string(read_json, '$.project') AS resource_id,
        json_extract_string(read_json, '$.task') AS resource_name,
        json_extract_string(read_json, '$.role') AS sku_id,
        CAST(to_json({
            'person': json_extract_string(read_json, '$.person'),
            'role': json_extract_string(read_json, '$.role'),
            'client': json_extract_string(read_json, '$.client'),
            'project': json_extract_string(read_json, '$.project'),
            'task': json_extract_string(read_json, '$.task'),
            'tags': json_extract_string(read_json, '$.tags')
        }) AS VARCHAR) AS tags
    FROM quarantined
    WHERE dataset = 'worklogs' AND read_json IS NOT NULL
),

held AS (
    SELECT charges.* EXCLUDE (x_slot_no), claims.source, claims.slot, 'billed' AS x_basis
    FROM ledger.charges
    INNER JOIN books.claims ON charges.x_delivery_id = claims.delivery_id AND charges.x_slot_no = claims.slot_no
    INNER JOIN books.deliveries ON claims.delivery_id = deliveries.delivery_id
    WHERE claims.status = 'held' AND NOT deliveries.is_outdated
),

-- What rules may read of a charge.
readable AS (
    SELECT * EXCLUDE (x_slot_no) FROM ledger.charges WHERE FALSE
    UNION ALL BY NAME
    SELECT * FROM bad_charge
    UNION ALL BY NAME
    SELECT * FROM job_charge
    UNION ALL BY NAME
    SELECT * FROM entry_charge
    UNION ALL BY NAME
    SELECT * FROM held
),

ruled AS (
    SELECT
        row_no,
        x_delivery_id,
        x_line,
        x_basis,
        slot,
        resource_id,
        resource_type,
        charge_category,
        charge_period_start,
        charge_period_end,
        billing_currency,
        billed_cost,
        effective_cost,
        {{rule_number}} AS rule_no,
        {{lookup_key}} AS lookup_key,
        -- What is split, or follows what it belongs to, is of whom the books would have said.
        {{covering_bill}} IS NOT NULL
        OR {{shared_charge}} IS NOT NULL
        OR len({{covering_pools}}) > 0
        OR coalesce(charge_category IN ('Tax', 'Credit', 'Adjustment'), FALSE) AS is_split
    FROM (SELECT * {{rule_subjects}} FROM readable)
),

named_run AS (
    SELECT job_id, any_value(model_id) AS model_id
    FROM (
        SELECT regexp_extract(unnest(job_ids), '[^/]*$') AS job_id, model_id
        FROM books.run_versions
        SEMI JOIN config_models USING (model_id)
        WHERE status = 'current'
    ) AS named
    GROUP BY job_id
    HAVING count(DISTINCT model_id) = 1
),

owned AS (
    SELECT
        ruled.*,
        coalesce(
            by_run.model_id,
            CASE WHEN NOT (ruled.is_split AND ruled.rule_no IS NULL) THEN coalesce(config_rules.model_id, config_lookups.model_id) END
        ) AS model_id,
        by_run.model_id IS NULL AND ruled.rule_no IS NULL AND NOT ruled.is_split AS is_unclaimed,
        CASE
            WHEN ruled.charge_category IS NOT DISTINCT FROM 'Tax' AND getvariable('tax') = 'recoverable' THEN 0
            WHEN ruled.x_basis = 'billed' AND ruled.effective_cost IS NULL AND ruled.billed_cost < 0 THEN ruled.billed_cost
            WHEN ruled.x_basis = 'billed' THEN ruled.effective_cost
        END AS amount
    FROM ruled
    LEFT JOIN named_run AS by_run
        ON ruled.resource_type = 'Slurm job'
        AND by_run.job_id IN (ruled.resource_id, regexp_replace(ruled.resource_id, '[_+].*$', ''))
    LEFT JOIN config_rules USING (rule_no)
    LEFT JOIN config_lookups USING (rule_no, lookup_key)
),

-- The days of what each file brought, where one is asked for.
asked AS (
    SELECT deliveries.delivery_id, deliveries.source, deliveries.file
    FROM books.deliveries
    SEMI JOIN (
        SELECT source, file FROM books.deliveries WHERE refused_because IS NOT NULL AND NOT is_outdated
        UNION ALL
        SELECT deliveries.source, deliveries.file
        FROM quarantined
        INNER JOIN books.deliveries USING (delivery_id)
        WHERE quarantined.first_day IS NULL
    ) AS wanted
        ON deliveries.source = wanted.source
        AND deliveries.file = wanted.file
),

brought AS (
    SELECT x_delivery_id AS delivery_id, min(charge_period_start) AS first_at, max(charge_period_end) AS last_at
    FROM ledger.charges
    SEMI JOIN asked ON charges.x_delivery_id = asked.delivery_id
    GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, min(started_at), max(started_at)
    FROM ledger.jobs
    SEMI JOIN asked ON jobs.x_delivery_id = asked.delivery_id
    GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, min(started_at), max(started_at)
    FROM ledger.worklogs
    SEMI JOIN asked ON worklogs.x_delivery_id = asked.delivery_id
    GROUP BY x_delivery_id
    UNION ALL
    SELECT x_delivery_id, min(requested_at), max(requested_at)
    FROM ledger.requests
    SEMI JOIN asked ON requests.x_delivery_id = asked.delivery_id
    GROUP BY x_delivery_id
),

file_days AS (
    SELECT
        asked.source,
        asked.file,
        CAST(min(brought.first_at) AS DATE) AS first_day,
        CAST(max(brought.last_at) AS DATE) AS last_day
    FROM asked
    INNER JOIN brought USING (delivery_id)
    GROUP BY asked.source, asked.file
),

delivery_days AS (
    SELECT
        delivery_id,
        CAST(first_at AS DATE) AS first_day,
        CAST(greatest(first_at, last_at - INTERVAL 1 MICROSECOND) AS DATE) AS last_day
    FROM brought
),

refused AS (
    SELECT
        deliveries.*,
        coalesce(path_first_day(deliveries.file), file_days.first_day) AS first_day,
        coalesce(
            path_last_day(deliveries.file), greatest(file_days.last_day, CAST(deliveries.received_at AS DATE))
        ) AS last_day
    FROM books.deliveries
    LEFT JOIN file_days USING (source, file)
    WHERE (deliveries.refused_because IS NOT NULL OR deliveries.held_because IS NOT NULL) AND NOT deliveries.is_outdated
)

SELECT
    'quarantined' AS kind,
    quarantined.delivery_id,
    CAST(NULL AS VARCHAR) AS slot,
    CAST(NULL AS BIGINT) AS line,
    quarantined.rows AS pieces,
    coalesce(quarantined.first_day, delivery_days.first_day, path_first_day(deliveries.file)) AS first_day,
    coalesce(quarantined.last_day, quarantined.first_day, delivery_days.last_day, path_last_day(deliveries.file)) AS last_day,
    owned.billing_currency AS currency,
    owned.amount,
    CASE WHEN NOT quarantined.is_blind THEN owned.model_id END AS model_id,
    coalesce(owned.is_unclaimed AND NOT quarantined.is_blind, FALSE) AS is_unclaimed,
    CASE
        WHEN quarantined.dataset = 'jobs' THEN coalesce(bad_job.gpus > 0, TRUE) OR cpu_price.is_known
        WHEN quarantined.dataset = 'requests' THEN priced_calls.is_known
        ELSE brings_cost(quarantined.dataset) AND (owned.amount IS DISTINCT FROM 0)
    END AS is_cost,
    is_cost AND coalesce(owned.amount > 0, owned.charge_category IS DISTINCT FROM 'Credit') AS is_lower_bound
FROM quarantined
INNER JOIN books.deliveries USING (delivery_id)
LEFT JOIN owned USING (row_no)
LEFT JOIN bad_job USING (row_no)
LEFT JOIN delivery_days USING (delivery_id)
CROSS JOIN (SELECT count(*) > 0 AS is_known FROM books.rates WHERE gpu_type = 'cpu' AND status = 'current') AS cpu_price
CROSS JOIN (SELECT count(*) > 0 AS is_known FROM config_token_rates) AS priced_calls
UNION ALL
SELECT
    'held',
    x_delivery_id,
    slot,
    NULL,
    1,
    min(CAST(charge_period_start AS DATE)),
    max(CAST(charge_period_end - INTERVAL 1 MICROSECOND AS DATE)),
    billing_currency,
    sum(amount),
    model_id,
    is_unclaimed,
    bool_or(amount IS DISTINCT FROM 0),
    coalesce(sum(amount) > 0, TRUE)
    AND (x_delivery_id, slot) NOT IN (SELECT (delivery_id, slot) FROM books.claims WHERE status = 'held' AND is_less)
FROM owned
WHERE slot IS NOT NULL
GROUP BY x_delivery_id, slot, date_trunc('month', charge_period_start), billing_currency, model_id, is_unclaimed
UNION ALL
SELECT
    'gpus_not_named',
    x_delivery_id,
    NULL,
    x_line,
    1,
    CAST(charge_period_start AS DATE),
    CAST(charge_period_start AS DATE),
    NULL,
    NULL,
    model_id,
    is_unclaimed,
    TRUE,
    TRUE
FROM owned
WHERE row_no IS NULL AND slot IS NULL
UNION ALL
SELECT
    CASE WHEN refused_because IS NULL THEN 'held' ELSE 'refused' END,
    delivery_id,
    NULL,
    NULL,
    1,
    first_day,
    coalesce(last_day, first_day),
    NULL,
    NULL,
    NULL,
    FALSE,
    brings_cost(dataset) OR (dataset = 'requests' AND priced_calls.is_known),
    brings_cost(dataset) OR (dataset = 'requests' AND priced_calls.is_known)
FROM refused
CROSS JOIN (SELECT count(*) > 0 AS is_known FROM config_token_rates) AS priced_calls
