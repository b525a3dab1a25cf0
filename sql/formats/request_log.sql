-- The request log: text -> typed. A date such as 8/30/2013 is read only where the source says which part is the month. What no
-- column of ours holds are the request's features, with the gateway's word on its cache, and so is the model a file names where the source names another.
WITH timed AS NOT MATERIALIZED (
    SELECT
        *,
        CASE
            WHEN cache_hit IS NULL THEN extra_tags
            ELSE CAST(json_merge_patch(coalesce(extra_tags, '{}'), json_object('cache_hit', cache_hit)) AS VARCHAR)
        END AS told_tags,
        coalesce(
            parse_time(requested_at, getvariable('source_timezone')),
            parse_unix_time(requested_at),
            CASE
                WHEN getvariable('source_dates') IS NULL THEN NULL
                ELSE parse_time(
                    iso_date(split_part(requested_at, ' ', 1), CAST(getvariable('source_dates') AS VARCHAR))
                    || ' ' || CASE
                        WHEN contains(requested_at, ' ') THEN iso_clock(ltrim(substr(requested_at, strpos(requested_at, ' '))))
                        ELSE '00:00:00'
                    END,
                    getvariable('source_timezone')
                )
            END
        ) AS request_at
    FROM raw
)

SELECT
    request_id,
    coalesce(CAST(getvariable('source_model') AS VARCHAR), model_id) AS model_id,
    nullif(trim(model_version), '') AS model_version,
    request_at AS requested_at,
    CASE
        WHEN cache_read_input_tokens IS NULL THEN parse_count(input_tokens)
        ELSE coalesce(parse_count(input_tokens), 0) + parse_count(cache_read_input_tokens)
    END AS input_tokens,
    coalesce(parse_count(cached_input_tokens), parse_count(cache_read_input_tokens)) AS cached_input_tokens,
    CASE WHEN cache_hit IS NOT NULL THEN is_cache_hit(cache_hit) END AS is_cache_hit,
    parse_count(output_tokens) AS output_tokens,
    coalesce(parse_number(latency_ms), 1000 * parse_number(latency_seconds)) AS latency_ms,
    CASE
        WHEN getvariable('source_model') IS NULL OR model_id IS NULL THEN present_features(told_tags)
        ELSE CAST(json_merge_patch(coalesce(present_features(told_tags), '{}'), json_object('model', model_id)) AS VARCHAR)
    END AS features,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        requested_at := time_state(requested_at, request_at),
        model_id := CASE WHEN coalesce(CAST(getvariable('source_model') AS VARCHAR), model_id) IS NULL THEN 'missing' ELSE 'ok' END,
        input_tokens := CASE WHEN input_tokens IS NULL OR is_count(input_tokens) THEN 'ok' ELSE 'not_a_count' END,
        cached_input_tokens := CASE
            WHEN cached_input_tokens IS NOT NULL AND NOT is_count(cached_input_tokens) THEN 'not_a_count'
            WHEN cache_read_input_tokens IS NOT NULL AND NOT is_count(cache_read_input_tokens) THEN 'not_a_count'
            WHEN cached_input_tokens IS NOT NULL AND cache_read_input_tokens IS NOT NULL THEN 'told_twice'
            WHEN parse_count(cached_input_tokens) > coalesce(parse_count(input_tokens), 0) THEN 'more_than_input'
            ELSE 'ok'
        END,
        output_tokens := CASE WHEN output_tokens IS NULL OR is_count(output_tokens) THEN 'ok' ELSE 'not_a_count' END,
        latency_ms := CASE WHEN latency_ms IS NULL OR parse_number(latency_ms) >= 0 THEN 'ok' ELSE 'not_a_duration' END,
        latency_seconds := CASE
            WHEN latency_seconds IS NULL OR parse_number(latency_seconds) >= 0 THEN 'ok' ELSE 'not_a_duration'
        END
    ) AS checks
FROM timed
