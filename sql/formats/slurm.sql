-- sacct rows: text -> typed jobs. GPUs are `gres/gpu=N` where it is there, else the sum of the typed entries, which
-- describe the same GPUs.
WITH read AS NOT MATERIALIZED (
    SELECT
        *,
        CASE
            WHEN regexp_full_match(elapsed_time, '[0-9]{1,10}') THEN CAST(elapsed_time AS BIGINT)
            WHEN regexp_full_match(elapsed_time, '(([0-9]{1,6}-)?[0-9]{1,2}:)?[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?')
                THEN 86400 * coalesce(try_cast(regexp_extract(elapsed_time, '^([0-9]+)-', 1) AS BIGINT), 0)
                    + 3600 * coalesce(try_cast(regexp_extract(elapsed_time, '([0-9]+):[0-9]+:[0-9]+', 1) AS BIGINT), 0)
                    + 60 * CAST(regexp_extract(elapsed_time, '([0-9]+):[0-9.]+$', 1) AS BIGINT)
                    + CAST(regexp_extract(elapsed_time, ':([0-9]+)(\.[0-9]+)?$', 1) AS BIGINT)
        END AS elapsed_seconds,
        try_cast(regexp_extract(alloc_tres, '(?:^|,)gres/gpu=([0-9]{1,6})(?:,|$)', 1) AS INTEGER) AS untyped_gpus,
        regexp_extract_all(alloc_tres, '(?:^|,)gres/gpu:([^=,]+)=[0-9]{1,6}', 1) AS types,
        list_transform(
            regexp_extract_all(alloc_tres, '(?:^|,)gres/gpu:[^=,]+=([0-9]{1,6})', 1), lambda count: CAST(count AS INTEGER)
        ) AS typed_gpus
    FROM raw
),

counted AS NOT MATERIALIZED (
    SELECT
        *,
        coalesce(untyped_gpus, list_sum(typed_gpus), 0) AS gpus,
        parse_time(started_at, getvariable('source_timezone')) AS start_at
    FROM read
)

SELECT
    coalesce(cluster, getvariable('source_cluster'), '') AS cluster,
    job_id,
    account,
    user_name,
    "partition",
    qos,
    job_name,
    upper(split_part(state, ' ', 1)) AS state,
    parse_time(submitted_at, getvariable('source_timezone')) AS submitted_at,
    start_at AS started_at,
    parse_time(ended_at, getvariable('source_timezone')) AS ended_at,
    elapsed_seconds,
    CASE WHEN node_list <> 'None assigned' THEN node_list END AS node_list,
    CAST(gpus AS INTEGER) AS gpus,
    CASE
        WHEN gpus = 0 THEN []
        WHEN len(types) = 1 THEN [{'gpu_type': lower(types[1]), 'gpus': CAST(gpus AS INTEGER)}]
        WHEN list_sum(typed_gpus) = gpus
            THEN list_transform(list_zip(types, typed_gpus), lambda pair: {'gpu_type': lower(pair[1]), 'gpus': pair[2]})
        ELSE [{'gpu_type': CAST(NULL AS VARCHAR), 'gpus': CAST(gpus AS INTEGER)}]
    END AS gpu_types,
    CASE WHEN contains(job_id, '.') THEN 'step' END AS skip_reason,
    struct_pack(
        job_id := CASE
            WHEN job_id IS NULL THEN 'missing'
            WHEN regexp_full_match(job_id, '[0-9]+(_([0-9]+|\[.*\]))?(\+[0-9]+)?(\..*)?') THEN 'ok'
            ELSE 'not_a_job_id'
        END,
        elapsed_time := CASE
            WHEN elapsed_time IS NULL THEN 'missing' WHEN elapsed_seconds IS NULL THEN 'not_a_duration' ELSE 'ok'
        END,
        started_at := CASE
            WHEN started_at IS NULL AND elapsed_seconds = 0 THEN 'ok'
            ELSE time_state(started_at, start_at)
        END,
        alloc_tres := CASE
            WHEN len(list_filter(
                string_split(alloc_tres, ','),
                lambda entry: regexp_matches(entry, '^gres/gpu([:=]|$)')
                    AND NOT regexp_full_match(entry, 'gres/gpu(:[^=]+)?=[0-9]{1,6}')
            )) > 0 THEN 'not_a_count'
            ELSE 'ok'
        END,
        state := CASE WHEN state IS NULL THEN 'missing' ELSE 'ok' END
    ) AS checks
FROM counted
