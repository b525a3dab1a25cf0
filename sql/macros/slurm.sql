-- What Slurm writes of a job's resources and state.

-- The entries of AllocTRES or ReqTRES: `billing=32,cpu=32,gres/gpu=4,gres/gpu:a100=4`.
CREATE OR REPLACE MACRO tres_entries(tres) AS
    string_split(coalesce(tres, ''), ',');

-- AllocGRES (`gpu:h100:8(S:0-1)`, `gpu:8`, `gres:gpu:8`, `gpu`) as entries of the same form: `gres/gpu:h100=8`.
CREATE OR REPLACE MACRO gres_entries(gres) AS
    list_transform(
        tres_entries(regexp_replace(gres, '\([^)]*\)', '', 'g')),
        lambda entry: CASE
            WHEN NOT regexp_matches(entry, '^(gres[:/])?gpu([:=]|$)') THEN entry
            WHEN regexp_full_match(entry, '(gres[:/])?gpu(:[^:=,]+)?=[0-9]{1,6}')
                THEN regexp_replace(entry, '^(gres[:/])?gpu', 'gres/gpu')
            WHEN regexp_full_match(entry, '(gres[:/])?gpu') THEN 'gres/gpu=1'
            WHEN regexp_full_match(entry, '(gres[:/])?gpu:[0-9]{1,6}') THEN 'gres/gpu=' || regexp_extract(entry, '([0-9]+)$', 1)
            WHEN regexp_full_match(entry, '(gres[:/])?gpu:[^:=,]*[^:=,0-9][^:=,]*')
                THEN 'gres/gpu:' || regexp_extract(entry, 'gpu:(.*)$', 1) || '=1'
            WHEN regexp_full_match(entry, '(gres[:/])?gpu:[^:=,]+:[0-9]{1,6}')
                THEN regexp_replace(entry, '^(gres[:/])?gpu:([^:=,]+):([0-9]+)$', 'gres/gpu:\2=\3')
            ELSE 'gres/gpu:' || entry  -- a count that can't be read
        END
    );

-- The entries that say how many GPUs of a type there are, and those that say how many of any.
CREATE OR REPLACE MACRO typed_gpus(entries) AS
    list_transform(
        list_filter(entries, lambda entry: regexp_full_match(entry, 'gres/gpu:[^=,]+=[0-9]{1,6}')),
        lambda entry: {
            'gpu_type': lower(regexp_extract(entry, '^gres/gpu:(.+)=', 1)),
            'gpus': CAST(regexp_extract(entry, '=([0-9]+)$', 1) AS INTEGER)
        }
    );

CREATE OR REPLACE MACRO untyped_gpus(entries) AS
    list_sum(list_transform(
        list_filter(entries, lambda entry: regexp_full_match(entry, 'gres/gpu=[0-9]{1,6}')),
        lambda entry: CAST(regexp_extract(entry, '=([0-9]+)$', 1) AS INTEGER)
    ));

-- How many GPUs they name; typed and untyped entries are the same GPUs. NULL where they name none.
CREATE OR REPLACE MACRO named_gpus(entries) AS
    coalesce(untyped_gpus(entries), list_sum(list_transform(typed_gpus(entries), lambda gpu: gpu.gpus)));

CREATE OR REPLACE MACRO has_unreadable_gpus(entries) AS
    len(list_filter(
        entries,
        lambda entry: regexp_matches(entry, '^gres/gpu([:=]|$)') AND NOT regexp_full_match(entry, 'gres/gpu(:[^=]+)?=[0-9]{1,6}')
    )) > 0;

-- `cpu=32`.
CREATE OR REPLACE MACRO tres_cpus(tres) AS
    try_cast(regexp_extract(tres, '(?:^|,)cpu=([0-9]{1,7})(?:,|$)', 1) AS INTEGER);

-- `CANCELLED by 1001`, `CANCELLED+` or `CA` -> CANCELLED.
CREATE OR REPLACE MACRO job_state(state) AS
    coalesce(
        MAP {  -- noqa: CP02
            'BF': 'BOOT_FAIL', 'CA': 'CANCELLED', 'CD': 'COMPLETED', 'CF': 'CONFIGURING', 'CG': 'COMPLETING', 'DL': 'DEADLINE',
            'F': 'FAILED', 'NF': 'NODE_FAIL', 'OOM': 'OUT_OF_MEMORY', 'PD': 'PENDING', 'PR': 'PREEMPTED', 'R': 'RUNNING',
            'RQ': 'REQUEUED', 'RS': 'RESIZING', 'RV': 'REVOKED', 'S': 'SUSPENDED', 'TO': 'TIMEOUT'
        }[rtrim(upper(split_part(trim(state), ' ', 1)), '+')],
        rtrim(upper(split_part(trim(state), ' ', 1)), '+')
    );

CREATE OR REPLACE MACRO is_active_state(state) AS
    list_contains(
        ['RUNNING', 'SUSPENDED', 'STOPPED', 'CONFIGURING', 'COMPLETING', 'RESIZING', 'SIGNALING', 'STAGE_OUT'], state
    );

-- The states that Slurm has (job_state_string of its source).
CREATE OR REPLACE MACRO is_job_state(state) AS
    is_active_state(state)
    OR list_contains(
        [
            'PENDING', 'COMPLETED', 'CANCELLED', 'FAILED', 'TIMEOUT', 'NODE_FAIL', 'PREEMPTED', 'BOOT_FAIL', 'DEADLINE',
            'OUT_OF_MEMORY', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED', 'REVOKED', 'SPECIAL_EXIT', 'RESV_DEL_HOLD', 'LAUNCH_FAILED',
            'RECONFIG_FAIL', 'POWER_UP_NODE', 'UPDATE_DB', 'EXPEDITING'
        ],
        state
    );

-- `[DD-[HH:]]MM:SS[.mmm]`, or seconds, as seconds.
CREATE OR REPLACE MACRO slurm_seconds(duration_text) AS
    CASE
        WHEN regexp_full_match(duration_text, '[0-9]{1,10}') THEN CAST(duration_text AS BIGINT)
        WHEN regexp_full_match(duration_text, '(([0-9]{1,6}-)?[0-9]{1,2}:)?[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?')
            THEN 86400 * coalesce(try_cast(regexp_extract(duration_text, '^([0-9]+)-', 1) AS BIGINT), 0)
                + 3600 * coalesce(try_cast(regexp_extract(duration_text, '([0-9]+):[0-9]+:[0-9]+', 1) AS BIGINT), 0)
                + 60 * CAST(regexp_extract(duration_text, '([0-9]+):[0-9.]+$', 1) AS BIGINT)
                + CAST(regexp_extract(duration_text, ':([0-9]+)(\.[0-9]+)?$', 1) AS BIGINT)
    END;
