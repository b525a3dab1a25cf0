-- Eval scores: text -> typed. The source says whose scores they are; the path or the file which version of the model. When: the
-- file's `date`, else the time in its name (in the source's zone, for the harness writes the machine's), else the day it came.
WITH read AS NOT MATERIALIZED (
    SELECT
        *,
        regexp_extract(
            string_split(CAST(getvariable('delivery_file') AS VARCHAR), '/')[-1],
            '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}[:-][0-9]{2}[:-][0-9]{2}(\.[0-9]{1,9})?'
        ) AS time_in_name
    FROM raw
),

timed AS NOT MATERIALIZED (
    SELECT
        *,
        CASE
            WHEN evaluated_at IS NOT NULL
                THEN coalesce(parse_unix_time(evaluated_at), parse_time(evaluated_at, getvariable('source_timezone')))
            WHEN time_in_name <> ''
                THEN parse_time(
                    regexp_replace(time_in_name, 'T(..).(..).', ' \1:\2:'), getvariable('source_timezone')
                )
            ELSE date_trunc('day', CAST(getvariable('delivery_received_at') AS TIMESTAMP))
        END AS evaluation_at
    FROM read
)

SELECT
    CAST(getvariable('source_model') AS VARCHAR) AS model_id,
    coalesce(CAST(getvariable('delivery_version') AS VARCHAR), model_version) AS model_version,
    task,
    metric,
    parse_number(score) AS score,
    parse_number(stderr) AS stderr,
    CASE WHEN regexp_full_match(n, '[0-9]{1,18}') THEN CAST(n AS BIGINT) END AS n,
    -- A metric the file says nothing of: losses, perplexities, error rates, and bias as CrowS-Pairs measures it, are better when
    -- lower; the harness takes any other for better when higher.
    coalesce(
        higher_is_better = 'true',
        NOT regexp_matches(
            lower(split_part(metric, ',', 1)),
            '(^|_)(ppl|perplexity|bits_per_byte|loss|nll|brier|wer|cer|ter|mae|mse|rmse|ece|error)(_|$)'
            || '|^(likelihood_diff(erence)?|pct_stereotype)$'
        )
    ) AS higher_is_better,
    evaluation_at AS evaluated_at,
    task_version,
    CASE WHEN regexp_full_match(shots, '[0-9]{1,6}') THEN CAST(shots AS INTEGER) END AS shots,
    prompts,
    CAST(NULL AS VARCHAR) AS skip_reason,
    struct_pack(
        model_id := CASE WHEN getvariable('source_model') IS NULL THEN 'missing' ELSE 'ok' END,
        score := CASE
            WHEN score IS NULL THEN 'missing' WHEN parse_number(score) IS NULL THEN 'not_a_number' ELSE 'ok'
        END,
        stderr := CASE
            WHEN stderr IS NULL OR lower(stderr) = 'nan' THEN 'ok'
            WHEN parse_number(stderr) IS NULL THEN 'not_a_number'
            WHEN parse_number(stderr) < 0 THEN 'negative'
            ELSE 'ok'
        END,
        n := CASE WHEN n IS NULL OR regexp_full_match(n, '[0-9]{1,18}') THEN 'ok' ELSE 'not_a_count' END,
        evaluated_at := CASE
            WHEN evaluated_at IS NULL AND evaluation_at IS NOT NULL THEN 'ok'
            ELSE time_state(evaluated_at, evaluation_at)
        END
    ) AS checks
FROM timed
