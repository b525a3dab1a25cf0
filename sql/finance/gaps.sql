-- What is missing from the totals, and how to mend it: a sentence each.
-- kind: refused, held, quarantined, accrued, unpriced, unconverted, contested, overlap, run_without_cost, undecided, unknown_model, unknown_run, lineage, pages, silent, left_out
-- source: the source concerned
-- what: what is missing
-- remedy: what to do
-- amounts: the sums concerned, by currency, where they can be read
WITH quarantined AS (
    SELECT
        delivery_id,
        string_agg(
            coalesce(currency, 'without currency') || ' ' || CAST(CAST(amount_quarantined AS DECIMAL(38, 2)) AS VARCHAR),
            ', ' ORDER BY currency
        ) AS amounts
    FROM books.control_totals
    WHERE column_name IN ('billed_cost', 'amount', 'cost_amount') AND amount_quarantined <> 0
    GROUP BY delivery_id
),

accrual AS (
    SELECT
        costs.source,
        costs.month,
        costs.cost,
        CAST(job_charges.consumed_quantity AS DOUBLE) * coalesce(1 - covered.covered_parts / covered.all_parts, 1) AS hours
    FROM books.costs
    INNER JOIN books.job_charges USING (x_delivery_id, x_line, x_part)
    LEFT JOIN books.covered USING (x_delivery_id, x_line, x_part)
    WHERE costs.is_accrued
),

labor_unpriced AS (
    SELECT
        source,
        coalesce(sku_id, 'without a role') AS role,
        CAST(min(charge_period_start) AS DATE) AS first_day,
        CAST(max(charge_period_start) AS DATE) AS last_day,
        sum(consumed_quantity) AS hours
    FROM books.labor_charges
    WHERE effective_cost IS NULL
    GROUP BY source, sku_id
),

-- Entries that a newer export of the same person, project and days no longer holds, or holds at the same start for the same time
-- under another name: edited, moved or deleted since, perhaps, and counted all the same.
worklog_span AS (
    SELECT source, x_delivery_id, person, project, min(started_at) AS first_at, max(started_at) AS last_at
    FROM books.worklogs
    GROUP BY source, x_delivery_id, person, project
),

covered_again AS (
    SELECT entry.x_delivery_id, entry.x_line, entry.person, newer.x_delivery_id AS newer_delivery_id
    FROM books.worklogs AS entry
    INNER JOIN worklog_span AS newer
        ON entry.source = newer.source
        AND entry.person = newer.person
        AND entry.project IS NOT DISTINCT FROM newer.project
        AND entry.x_delivery_id < newer.x_delivery_id
        AND entry.started_at BETWEEN newer.first_at AND newer.last_at
    WHERE entry.status = 'current' AND entry.seconds > 0
    UNION
    SELECT entry.x_delivery_id, entry.x_line, entry.person, newer.x_delivery_id
    FROM books.worklogs AS entry
    INNER JOIN books.worklogs AS newer
        ON entry.source = newer.source
        AND entry.person = newer.person
        AND entry.started_at = newer.started_at
        AND entry.seconds = newer.seconds
        AND entry.x_delivery_id < newer.x_delivery_id
    WHERE entry.status = 'current' AND entry.seconds > 0
),

left_out AS (
    SELECT DISTINCT entry.source, entry.x_delivery_id, entry.x_line, entry.seconds
    FROM covered_again
    INNER JOIN books.worklogs AS entry USING (x_delivery_id, x_line)
    ANTI JOIN books.worklogs AS again
        ON covered_again.newer_delivery_id = again.x_delivery_id
        AND entry.source = again.source
        AND entry.person = again.person
        AND entry.started_at = again.started_at
        AND entry.project IS NOT DISTINCT FROM again.project
        AND entry.task IS NOT DISTINCT FROM again.task
        AND entry.key_text IS NOT DISTINCT FROM again.key_text
        AND entry.x_occurrence = again.x_occurrence
),

-- Job names that several clusters know.
clashing AS (
    SELECT run_id, job_name, string_agg(DISTINCT cluster, ' or ' ORDER BY cluster) AS clusters
    FROM books.run_jobs
    WHERE is_ambiguous
    GROUP BY run_id, job_name
),

named_in_several AS (
    SELECT run_jobs.x_delivery_id, run_jobs.x_line, min((clashing.job_name, clashing.run_id, clashing.clusters)) AS example
    FROM books.run_jobs
    INNER JOIN clashing USING (run_id, job_name)
    GROUP BY run_jobs.x_delivery_id, run_jobs.x_line
),

contested AS (
    SELECT costs.*, named_in_several.example
    FROM books.costs
    LEFT JOIN named_in_several USING (x_delivery_id, x_line)
    WHERE costs.is_contested
),

-- Charges of a model that nothing will ever decide: no rule gives them an activity, and no run claims them. A run that is still going
-- on may yet: it takes its model's compute from its start. What a bill covers is told by the bill's shares, which hold its cost; what
-- lies in part within a run's window, as an overlap.
undecided AS (
    SELECT costs.source, costs.x_delivery_id, costs.x_line, costs.x_part, costs.model_id, costs.cost
    FROM books.costs
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    ANTI JOIN books.training_runs AS going_on
        ON costs.model_id = going_on.model_id
        AND costs.cost_kind = 'compute'
        AND going_on.activity = 'undecided'
        AND going_on.ended_at IS NULL
        AND len(going_on.job_ids) = 0
        AND charges.charge_period_start >= going_on.started_at
    WHERE costs.activity = 'undecided' AND costs.run_id IS NULL
        AND NOT costs.is_contested AND NOT costs.is_idle AND NOT costs.is_covered
        AND (costs.share_no > 0 OR attribution.overlapping_run_ids IS NULL)
)

SELECT
    'refused' AS kind,
    source,
    file || ' was refused: ' || refused_because AS what,
    'mend the file and deliver it again' AS remedy,
    CAST(NULL AS VARCHAR) AS amounts
FROM books.deliveries
WHERE refused_because IS NOT NULL AND NOT is_outdated
UNION ALL
SELECT
    'held',
    deliveries.source,
    deliveries.file || CASE
        WHEN deliveries.dataset = 'invoices' THEN ' brings an invoice that is already held with other lines: ' || claims.slot
        ELSE ' claims a billing period that another file already holds: ' || claims.slot
    END,
    CASE
        WHEN deliveries.dataset = 'invoices' THEN 'give the corrected invoice a number of its own, or a credit note'
        ELSE 'take the file out; or, if its parts add up, set `delivery = "folder"`; or, if it restates the period, set `restates`'
    END,
    NULL
FROM books.claims
INNER JOIN books.deliveries USING (delivery_id)
WHERE claims.status = 'held' AND NOT deliveries.is_outdated
UNION ALL
SELECT
    'quarantined',
    deliveries.source,
    deliveries.rows_quarantined || CASE WHEN deliveries.rows_quarantined = 1 THEN ' row of ' ELSE ' rows of ' END
    || deliveries.file || CASE WHEN deliveries.rows_quarantined = 1 THEN ' is quarantined' ELSE ' are quarantined' END,
    'correct the lines and deliver the file again',
    quarantined.amounts
FROM books.deliveries
LEFT JOIN quarantined USING (delivery_id)
WHERE deliveries.rows_quarantined > 0 AND NOT deliveries.is_outdated
UNION ALL
SELECT
    'pages',
    page.source,
    'the pages after ' || page.file || ' are missing, from ' || strftime(page.continues_at, '%Y-%m-%d %H:%M') || ' UTC on',
    'save the pages that follow (has_more) and deliver them too',
    NULL
FROM books.deliveries AS page
ANTI JOIN books.deliveries AS following
    ON page.source = following.source
    AND page.continues_at = following.begins_at
    AND NOT following.is_outdated
WHERE page.continues_at IS NOT NULL AND NOT page.is_outdated
UNION ALL
SELECT
    'accrued',
    source,
    CAST(sum(hours) AS DECIMAL(18, 2)) || ' GPU hours of ' || strftime(month, '%Y-%m') || ' have no bill yet: they stand at the rate card',
    'deliver the bill; or, if it will never come, correct `billed` and `usage` of their [[coverage]]',
    getvariable('reporting_currency') || ' ' || CAST(CAST(sum(cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM accrual
GROUP BY source, month
UNION ALL
SELECT
    'accrued',
    'requests of ' || model_id,
    'tokens of ' || count(*) || CASE WHEN count(*) = 1 THEN ' day of ' ELSE ' days of ' END || strftime(month, '%Y-%m')
    || ' have no bill yet: they stand at [[token_rates]]',
    'deliver the bill; or, if it will never come, correct `billed` of [[token_rates]]',
    getvariable('reporting_currency') || ' ' || CAST(CAST(sum(cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM books.costs
WHERE is_accrued AND source = '[[token_rates]]'
GROUP BY model_id, month
UNION ALL
SELECT
    'unpriced',
    source,
    'GPU hours of type ' || coalesce(sku_id, 'unknown') || ' from ' || CAST(CAST(min(charge_period_start) AS DATE) AS VARCHAR)
    || ' to ' || CAST(CAST(max(charge_period_end) AS DATE) AS VARCHAR) || ' have no price ('
    || CAST(round(sum(consumed_quantity), 2) AS DECIMAL(18, 2)) || ' GPU hours)',
    'add the price to a rate card',
    NULL
FROM books.job_charges
ANTI JOIN (SELECT x_delivery_id, x_line, x_part FROM books.costs WHERE is_covered) AS covered USING (x_delivery_id, x_line, x_part)
WHERE effective_cost IS NULL
GROUP BY source, sku_id
UNION ALL
SELECT
    'unpriced',
    source,
    CAST(sum(hours) AS DECIMAL(18, 2)) || ' hours of staff time from ' || min(first_day) || ' to ' || max(last_day)
    || ' have no rate (' || string_agg(role || ' ' || CAST(hours AS DECIMAL(18, 2)) || ' h', ', ' ORDER BY role) || ')',
    'add a rate for these roles, or for the role "*", under [[rates]]',
    NULL
FROM labor_unpriced
GROUP BY source
UNION ALL
SELECT
    'unconverted',
    source,
    count(DISTINCT (x_delivery_id, x_line, x_part)) || ' charges in ' || billing_currency || ' are not converted to '
    || getvariable('reporting_currency'),
    'deliver the exchange rates of these days (a source of the format ecb_rates), or book them in the reporting currency',
    billing_currency || ' ' || CAST(CAST(sum(effective_cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM books.costs
WHERE is_unconverted
GROUP BY source, billing_currency
UNION ALL
SELECT
    'contested',
    source,
    count(DISTINCT (x_delivery_id, x_line, x_part)) || ' charges are claimed by more than one training run, and so by none',
    'name each job in one run only, and keep time windows apart',
    getvariable('reporting_currency') || ' ' || CAST(CAST(sum(cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM contested
WHERE example IS NULL
GROUP BY source
UNION ALL
SELECT
    'contested',
    source,
    count(DISTINCT (x_delivery_id, x_line, x_part))
    || CASE WHEN count(DISTINCT (x_delivery_id, x_line, x_part)) = 1 THEN ' charge is' ELSE ' charges are' END
    || ' claimed by no run, for several clusters know a job of that id: job ' || min(example)[1] || ' of the run ' || min(example)[2]
    || ' may be of ' || min(example)[3],
    'name the cluster in the training_runs file: as `cluster/job_id`, or in a column `cluster`',
    getvariable('reporting_currency') || ' ' || CAST(CAST(sum(cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM contested
WHERE example IS NOT NULL
GROUP BY source
UNION ALL
SELECT
    'overlap',
    costs.source,
    count(DISTINCT (x_delivery_id, x_line, x_part))
    || CASE WHEN count(DISTINCT (x_delivery_id, x_line, x_part)) = 1 THEN ' charge lies' ELSE ' charges lie' END
    || ' only in part within the time window of the run ' || array_to_string(attribution.overlapping_run_ids, ', or of ')
    || ', and no part counts as its cost',
    'name the jobs of the run, or deliver a bill of shorter periods, such as hours',
    getvariable('reporting_currency') || ' ' || CAST(CAST(sum(costs.cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM books.attribution
INNER JOIN books.costs USING (x_delivery_id, x_line, x_part)
WHERE attribution.overlapping_run_ids IS NOT NULL AND costs.share_no = 0
GROUP BY costs.source, attribution.overlapping_run_ids
UNION ALL
SELECT
    'run_without_cost',
    deliveries.source,
    'no cost is linked to the run ' || training_runs.run_id || ', which is promoted: the training-only cost of '
    || training_runs.model_id || ' is too low',
    CASE
        WHEN len(training_runs.job_ids) > 0 THEN 'deliver the records of its jobs, or correct their ids and cluster in ' || deliveries.file
            || ', line ' || training_runs.x_line
        ELSE 'name its jobs, or the time window in which its model''s charges are its own, in ' || deliveries.file || ', line '
            || training_runs.x_line
    END,
    NULL
FROM books.training_runs
INNER JOIN books.deliveries ON training_runs.x_delivery_id = deliveries.delivery_id
ANTI JOIN books.costs ON training_runs.run_id = costs.run_id
WHERE training_runs.outcome = 'promoted'
UNION ALL
SELECT
    'undecided',
    source,
    count(DISTINCT (x_delivery_id, x_line, x_part))
    || CASE WHEN count(DISTINCT (x_delivery_id, x_line, x_part)) = 1 THEN ' charge' ELSE ' charges' END
    || ' of ' || string_agg(DISTINCT model_id, ', ' ORDER BY model_id)
    || CASE WHEN count(DISTINCT (x_delivery_id, x_line, x_part)) = 1 THEN ' stays undecided: no rule names an activity, and no run claims it'
        ELSE ' stay undecided: no rule names an activity, and no run claims them' END,
    'give the rule (or the allocation) an `activity`, or name the run they belong to',
    getvariable('reporting_currency') || ' ' || CAST(CAST(sum(cost) AS DECIMAL(38, 2)) AS VARCHAR)
FROM undecided
GROUP BY source
UNION ALL
SELECT
    'unknown_model',
    run_versions.source,
    count(*) || ' training runs are of the model ' || run_versions.model_id || ', which is not configured',
    'add it under [[models]]',
    NULL
FROM books.run_versions
ANTI JOIN config_models USING (model_id)
WHERE run_versions.status = 'current'
GROUP BY run_versions.source, run_versions.model_id
UNION ALL
SELECT
    'unknown_run',
    model_versions.source,
    'the registry promoted version ' || registered_version || ' of ' || registered_model || ', made by the run ' || run_id
    || ', which no training_runs file names',
    'name the run there, with its model and its jobs, so that its cost counts as training',
    NULL
FROM books.model_versions
ANTI JOIN books.run_versions USING (run_id)
WHERE model_versions.is_promoted AND model_versions.status = 'current'
UNION ALL
SELECT
    'lineage',
    deliveries.source,
    'the run ' || run_id || ' is its own ancestor: its parent is ' || parent_run_id || ', which builds on ' || run_id,
    'correct parent_run_id in ' || deliveries.file || ', line ' || x_line || ', and deliver it again; until then the run has no parent here',
    NULL
FROM books.training_runs
INNER JOIN books.deliveries ON training_runs.x_delivery_id = deliveries.delivery_id
WHERE is_circular
UNION ALL
SELECT
    'lineage',
    deliveries.source,
    'the run ' || training_runs.run_id || ' builds on ' || training_runs.parent_run_id || ', which no training_runs file names',
    'name that run too, so that its cost follows what became of it; or, if it is not one of yours, leave parent_run_id empty in '
    || deliveries.file || ', line ' || training_runs.x_line,
    NULL
FROM books.training_runs
INNER JOIN books.deliveries ON training_runs.x_delivery_id = deliveries.delivery_id
ANTI JOIN books.run_versions AS parent ON training_runs.parent_run_id = parent.run_id
WHERE training_runs.parent_run_id IS NOT NULL
UNION ALL
SELECT
    'unknown_model',
    requests.source,
    count(*) || CASE WHEN count(*) = 1 THEN ' request is' ELSE ' requests are' END || ' of the model ' || requests.model_id
    || ', which is not configured',
    'add it under [[models]], or set `model` on the source',
    NULL
FROM books.requests
ANTI JOIN config_models USING (model_id)
WHERE requests.status = 'current'
GROUP BY requests.source, requests.model_id
UNION ALL
SELECT
    'silent',
    source,
    source || CASE
        WHEN last_day IS NULL THEN ' has never spoken'
        WHEN next_day IS NULL THEN ' has been silent since ' || last_day || ', longer than it may'
        ELSE ' was silent from ' || last_day || ' to ' || next_day || ', longer than it may'
    END || ': the totals of ' || string_agg(DISTINCT quarter, ', ' ORDER BY quarter) || ' lack it',
    'deliver what is missing, or set `every` under [[expected]] to how often it speaks',
    NULL
FROM silences
GROUP BY source, last_day, next_day
UNION ALL
SELECT
    'left_out',
    source,
    count(*) || CASE WHEN count(*) = 1 THEN ' time entry (' ELSE ' time entries (' END
    || CAST(sum(seconds) / 3600 AS DECIMAL(18, 2)) || ' hours) still counted, though a newer export of the same days leaves '
    || CASE WHEN count(*) = 1 THEN 'it' ELSE 'them' END || ' out: edited or deleted since, or filtered',
    'where an entry no longer holds, deliver it once more as it was, with a duration of 0',
    NULL
FROM left_out
GROUP BY source
ORDER BY 1, 2, 3
