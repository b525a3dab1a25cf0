-- What the workspace tells of $model before $day: how many requests the last 28 days of its log hold (a row that stands for many
-- counts as often) and how many of these days it spans; whether it has a log at all, and eval scores.
WITH told AS (
    SELECT
        requested_at >= CAST($day AS TIMESTAMP) - INTERVAL 28 DAYS AS is_recent,
        requested_at,
        one_in
    FROM books.requests
    INNER JOIN config_sources USING (source)
    WHERE model_id = $model AND status = 'current' AND requested_at < CAST($day AS TIMESTAMP)
)

SELECT
    CAST(coalesce(sum(one_in) FILTER (is_recent), 0) AS BIGINT) AS requests,
    coalesce(date_diff('day', min(CAST(requested_at AS DATE)) FILTER (is_recent), CAST($day AS DATE)), 0) AS days,
    count(*) > 0 AS has_log,
    (SELECT count(*) > 0 FROM books.evals WHERE model_id = $model AND status = 'current') AS has_scores
FROM told
