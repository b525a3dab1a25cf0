-- Model versions of an MLflow registry: text -> typed. A version that no run made tells of no run's outcome, and is skipped.
WITH read AS NOT MATERIALIZED (
    SELECT
        *,
        parse_unix_time(registered_at) AS registration_at,
        parse_unix_time(updated_at) AS update_at
    FROM raw
)

SELECT
    registered_model,
    registered_version,
    run_id,
    stage,
    coalesce(from_json(aliases, '["VARCHAR"]'), []) AS aliases,
    registration_at AS registered_at,
    update_at AS updated_at,
    CASE WHEN run_id IS NULL THEN 'without_run' END AS skip_reason,
    struct_pack(
        registered_model := CASE WHEN registered_model IS NULL THEN 'missing' ELSE 'ok' END,
        registered_version := CASE WHEN registered_version IS NULL THEN 'missing' ELSE 'ok' END,
        updated_at := time_state(updated_at, update_at)
    ) AS checks
FROM read
