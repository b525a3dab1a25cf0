-- The days that a row is of, as far as they could be read: of a charge its period, of a job or an entry when it began, of a price or an
-- exchange rate the days it holds from.
CREATE OR REPLACE MACRO read_first_day(read_json) AS
    CAST(coalesce(
        try_cast(json_extract_string(read_json, '$.charge_period_start') AS TIMESTAMP),
        try_cast(json_extract_string(read_json, '$.started_at') AS TIMESTAMP),
        try_cast(json_extract_string(read_json, '$.requested_at') AS TIMESTAMP),
        try_cast(json_extract_string(read_json, '$.valid_from') AS TIMESTAMP),
        try_cast(json_extract_string(read_json, '$.rate_date') AS TIMESTAMP),
        try_cast(json_extract_string(read_json, '$.ended_at') AS TIMESTAMP),
        try_cast(json_extract_string(read_json, '$.x_issued_at') AS TIMESTAMP),
        try_cast(json_extract_string(read_json, '$.charge_period_end') AS TIMESTAMP) - INTERVAL 1 MICROSECOND,
        try_cast(json_extract_string(read_json, '$.billing_period_start') AS TIMESTAMP)
    ) AS DATE);

CREATE OR REPLACE MACRO read_last_day(read_json) AS
    CAST(greatest(
        CAST(read_first_day(read_json) AS TIMESTAMP),
        coalesce(
            try_cast(json_extract_string(read_json, '$.charge_period_end') AS TIMESTAMP) - INTERVAL 1 MICROSECOND,
            try_cast(json_extract_string(read_json, '$.ended_at') AS TIMESTAMP) - INTERVAL 1 MICROSECOND
        )
    ) AS DATE);

-- The days that a path tells: `2026-07`, `202607`; `20260701-20260731`; of one day alone, as of the day of an export, its month and the
-- month before. NULL where it tells none.
CREATE OR REPLACE MACRO days_in_path(path) AS
    list_filter(
        list_transform(
            regexp_extract_all(path, '(?:^|[^0-9])(20[0-9]{2}[-_]?(?:0[1-9]|1[0-2])[-_]?(?:0[1-9]|[12][0-9]|3[01]))(?:[^0-9]|$)', 1)
            || regexp_extract_all(path, '[0-9][-_](20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))(?:[^0-9]|$)', 1),
            lambda day: CAST(try_strptime(regexp_replace(day, '[-_]', '', 'g'), '%Y%m%d') AS DATE)
        ),
        lambda day: day IS NOT NULL
    );

CREATE OR REPLACE MACRO months_in_path(path) AS
    list_filter(
        list_transform(
            regexp_extract_all(path, '(?:^|[^0-9])(20[0-9]{2}[-_]?(?:0[1-9]|1[0-2]))(?:[^-_0-9]|[-_][^0-9]|$)', 1),
            lambda month: CAST(try_strptime(regexp_replace(month, '[-_]', '', 'g') || '01', '%Y%m%d') AS DATE)
        ),
        lambda month: month IS NOT NULL
    );

CREATE OR REPLACE MACRO path_first_day(path) AS
    CASE
        WHEN len(days_in_path(path)) > 1 THEN list_min(days_in_path(path))
        WHEN len(days_in_path(path)) = 1 THEN CAST(date_trunc('month', days_in_path(path)[1]) - INTERVAL 1 MONTH AS DATE)
        ELSE list_min(months_in_path(path))
    END;

CREATE OR REPLACE MACRO path_last_day(path) AS
    CASE
        WHEN len(days_in_path(path)) > 0 THEN list_max(days_in_path(path))
        ELSE CAST(list_max(months_in_path(path)) + INTERVAL 1 MONTH AS DATE) - 1
    END;

-- Whether a file of the dataset brings what costs something by itself.
CREATE OR REPLACE MACRO brings_cost(dataset) AS
    dataset IN ('charges', 'invoices', 'jobs', 'worklogs');

-- What a model's quarter lacks, in words.
CREATE OR REPLACE MACRO gap_words(kind, pieces) AS
    pieces || CASE kind
        WHEN 'refused' THEN CASE WHEN pieces = 1 THEN ' refused file' ELSE ' refused files' END
        WHEN 'held' THEN CASE WHEN pieces = 1 THEN ' held file' ELSE ' held files' END
        WHEN 'quarantined' THEN CASE WHEN pieces = 1 THEN ' quarantined row' ELSE ' quarantined rows' END
        WHEN 'pages' THEN CASE WHEN pieces = 1 THEN ' answer without its next page' ELSE ' answers without their next pages' END
        WHEN 'gpus_not_named' THEN CASE WHEN pieces = 1 THEN ' job that names no GPUs' ELSE ' jobs that name no GPUs' END
        WHEN 'run_without_cost' THEN CASE WHEN pieces = 1 THEN ' promoted run without its jobs' ELSE ' promoted runs without their jobs' END
        WHEN 'accrued' THEN CASE WHEN pieces = 1 THEN ' accrued charge' ELSE ' accrued charges' END
        ELSE ' ' || kind
    END;

-- What a completeness says is lacking.
CREATE OR REPLACE MACRO what_is_lacking(completeness) AS
    regexp_replace(completeness, '^(incomplete|unsettled): ', '');

-- Whether it says that the cost is a lower bound.
CREATE OR REPLACE MACRO is_too_low(completeness) AS
    starts_with(completeness, 'incomplete');

-- The completeness of several parts together, each a name and its completeness: what each lacks, in their order.
CREATE OR REPLACE MACRO completeness_of_all(parts) AS
    CASE
        WHEN coalesce(len(list_filter(parts, lambda part: part.completeness <> 'complete')), 0) = 0 THEN 'complete'
        ELSE CASE
            WHEN len(list_filter(parts, lambda part: is_too_low(part.completeness))) > 0 THEN 'incomplete: '
            ELSE 'unsettled: '
        END
        || array_to_string(
            list_transform(
                list_filter(parts, lambda part: part.completeness <> 'complete'),
                lambda part: part.name || ' (' || what_is_lacking(part.completeness) || ')'
            ),
            ', '
        )
    END;
