-- sacct rows: text -> typed jobs.
--
-- GPUs are counted by what was allocated (AllocTRES, else AllocGRES), else by what was asked for (ReqTRES): a cluster whose
-- AccountingStorageTRES does not list gres/gpu allocates GPUs that AllocTRES does not name, and one set up `no_consume` prints 0.
-- `gpu_source` says which it was. Within a field `gres/gpu=N` counts where it is there, else the sum of the typed entries, which
-- describe the same GPUs; the types may come from another field that names as many.
WITH read AS NOT MATERIALIZED (
    SELECT
        *,
        slurm_seconds(elapsed_time) AS elapsed_seconds,
        coalesce(slurm_seconds(suspended_time), 0) AS suspended_seconds,
        job_state(state) AS state_name,
        tres_entries(alloc_tres) AS allocated,
        gres_entries(alloc_gres) AS allocated_gres,
        tres_entries(req_tres) AS requested,
        parse_time(started_at, getvariable('source_timezone')) AS start_read,
        parse_time(ended_at, getvariable('source_timezone')) AS end_read
    FROM raw
),

timed AS NOT MATERIALIZED (
    SELECT
        *,
        settled_times(
            start_read,
            other_reading(started_at, start_read, getvariable('source_timezone')),
            end_read,
            other_reading(ended_at, end_read, getvariable('source_timezone')),
            elapsed_seconds + suspended_seconds
        ) AS settled
    FROM read
),

named AS NOT MATERIALIZED (
    SELECT
        *,
        settled.start_at,
        settled.end_at,
        CASE
            WHEN has_unreadable_gpus(allocated) OR named_gpus(allocated) > 0 THEN 'AllocTRES'
            WHEN has_unreadable_gpus(allocated_gres) OR named_gpus(allocated_gres) > 0 THEN 'AllocGRES'
            WHEN has_unreadable_gpus(requested) OR named_gpus(requested) > 0 THEN 'ReqTRES'
        END AS gpu_source
    FROM timed
),

entered AS NOT MATERIALIZED (
    SELECT
        *,
        CASE gpu_source WHEN 'AllocTRES' THEN allocated WHEN 'AllocGRES' THEN allocated_gres WHEN 'ReqTRES' THEN requested END AS entries
    FROM named
),

counted AS NOT MATERIALIZED (
    SELECT
        *,
        CAST(coalesce(named_gpus(entries), 0) AS INTEGER) AS gpus,
        typed_gpus(entries) AS typed,
        coalesce(
            list_filter(
                [typed_gpus(allocated), typed_gpus(allocated_gres), typed_gpus(requested)],
                lambda types: list_sum(list_transform(types, lambda gpu: gpu.gpus)) = named_gpus(entries)
            )[1],
            []
        ) AS all_typed
    FROM entered
)

SELECT
    coalesce(cluster, getvariable('source_cluster'), '') AS cluster,
    job_id,
    account,
    user_name,
    "partition",
    qos,
    job_name,
    state_name AS state,
    parse_time(submitted_at, getvariable('source_timezone')) AS submitted_at,
    start_at AS started_at,
    end_at AS ended_at,
    elapsed_seconds,
    CASE WHEN node_list <> 'None assigned' THEN node_list END AS node_list,
    gpus,
    CASE
        WHEN gpus = 0 THEN []
        WHEN len(typed) = 1 THEN [{'gpu_type': typed[1].gpu_type, 'gpus': gpus}]
        WHEN len(all_typed) > 0 THEN all_typed
        ELSE [{'gpu_type': CAST(NULL AS VARCHAR), 'gpus': gpus}]
    END AS gpu_types,
    CASE WHEN gpus > 0 THEN gpu_source END AS gpu_source,
    coalesce(
        tres_cpus(alloc_tres),
        CAST(parse_count(alloc_cpus) AS INTEGER),
        tres_cpus(req_tres),
        CAST(parse_count(req_cpus) AS INTEGER)
    ) AS cpus,
    CASE WHEN contains(job_id, '.') THEN 'step' END AS skip_reason,
    struct_pack(
        job_id := CASE
            WHEN job_id IS NULL THEN 'missing'
            WHEN regexp_full_match(job_id, '[0-9]+(_([0-9]+|\[.*\]))?(\+[0-9]+)?(\..*)?') THEN 'ok'
            ELSE 'not_a_job_id'
        END,
        elapsed_time := CASE
            WHEN elapsed_time IS NULL THEN 'missing'
            WHEN elapsed_seconds IS NULL THEN 'not_a_duration'
            WHEN is_active_state(state_name)
                AND elapsed_seconds > coalesce(CAST(getvariable('source_max_running_seconds') AS BIGINT), 2592000) THEN 'runaway'
            WHEN is_active_state(state_name) OR start_at IS NULL OR end_at IS NULL THEN 'ok'
            WHEN elapsed_seconds = 0 AND end_at >= start_at THEN 'ok'  -- it ended before it ran
            WHEN abs(date_diff('second', start_at, end_at) - elapsed_seconds - suspended_seconds) > 1 THEN 'contradicted'
            ELSE 'ok'
        END,
        started_at := CASE
            WHEN started_at IS NULL AND elapsed_seconds = 0 THEN 'ok'
            ELSE time_state(started_at, start_at)
        END,
        alloc_tres := CASE WHEN has_unreadable_gpus(entries) THEN 'not_a_count' ELSE 'ok' END,
        state := CASE WHEN state IS NULL THEN 'missing' WHEN is_job_state(state_name) THEN 'ok' ELSE 'unknown' END
    ) AS checks
FROM counted
