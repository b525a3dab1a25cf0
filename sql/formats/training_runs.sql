-- Training runs: text -> typed. `job_ids` holds one id or several, parted by `;`, `,` or blanks. One that names no cluster is of the
-- row's, or the source's, where they name one.
WITH read AS NOT MATERIALIZED (
    SELECT
        *,
        coalesce(trim(cluster), getvariable('source_cluster')) AS job_cluster,
        parse_time(started_at, getvariable('source_timezone')) AS start_at,
        parse_time(ended_at, getvariable('source_timezone')) AS end_at,
        parse_time(decided_at, getvariable('source_timezone')) AS decision_at
    FROM raw
)

SELECT
    run_id,
    parent_run_id,
    model_id,
    list_transform(
        list_filter(string_split_regex(coalesce(job_id, ''), '[;,\s]+'), lambda id: id <> ''),
        lambda id: CASE WHEN contains(id, '/') THEN id ELSE concat_ws('/', job_cluster, id) END
    ) AS job_ids,
    start_at AS started_at,
    end_at AS ended_at,
    lower(trim(outcome)) AS outcome,
    decision_at AS decided_at,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        run_id := CASE WHEN run_id IS NULL THEN 'missing' WHEN run_id = parent_run_id THEN 'own_parent' ELSE 'ok' END,
        model_id := CASE WHEN model_id IS NULL THEN 'missing' ELSE 'ok' END,
        outcome := CASE
            WHEN outcome IS NULL OR lower(trim(outcome)) IN ('promoted', 'discarded', 'crashed', 'rolled_back') THEN 'ok'
            ELSE 'unknown'
        END,
        started_at := CASE
            WHEN started_at IS NULL AND ended_at IS NOT NULL THEN 'missing'
            WHEN started_at IS NULL THEN 'ok'
            ELSE time_state(started_at, start_at)
        END,
        ended_at := CASE
            WHEN ended_at IS NULL THEN 'ok'
            WHEN end_at <= start_at THEN 'ends_before_it_starts'
            ELSE time_state(ended_at, end_at)
        END,
        decided_at := CASE
            WHEN decided_at IS NULL AND lower(trim(outcome)) = 'promoted' THEN 'missing'
            WHEN decided_at IS NULL THEN 'ok'
            ELSE time_state(decided_at, decision_at)
        END
    ) AS checks
FROM read
