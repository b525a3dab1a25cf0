-- Versions of a model that served side by side: what each cost, how much it was asked, how fast it was, how well it scored, and which is
-- the better value, with what confidence. A window is the days between changes of which versions served; a version serves from
-- one of its requests to the next where that is a week away at most. Versions are those that the request log names
-- (`model_version`); where it names no two of the same days, there is no row.
-- model_id: the fine-tuned model
-- version: the version, as the request log names it; `v3` and `3` are one
-- window_start: the first day of the window
-- window_end: its last day
-- as_of: the day
-- is_latest: whether it is the model's last such window
-- currency: currency of every amount in the row
-- requests: calls of the window that this version answered; a sample counts as all it stands for
-- request_share: their part of all calls of the model in the window, those that name no version too
-- tokens_per_request: mean input and output tokens of a call; NULL where the log has none
-- latency_p50_ms: half of its calls took less; NULL where the log has no latency
-- latency_p95_ms: 95 % of its calls took less
-- named_cost: serving cost of the window that names this version by its tag (`version_tag` under [[models]])
-- shared_cost: its part, by `version_share`, of the serving cost that names none; NULL where that is left out
-- serving_cost: their sum; NULL where serving cost names no version and `version_share` is left out, and where there is none
-- cost_per_1k_requests: serving_cost by 1,000 requests
-- eval_task: the task of the headline eval, as in `unit_economics`
-- eval_metric: its metric
-- score: the last score of this version, of the setup (task version, shots, prompts) most versions of the window were scored with
-- score_low: lower bound of its 95 % interval: by its standard error, else by n (Wilson); NULL where neither is told
-- score_high: upper bound
-- cost_per_1k_accepted: serving_cost by 1,000 accepted answers: requests x score, where that is a share of answers
-- cost_per_1k_accepted_low: lower bound of its 95 % interval
-- cost_per_1k_accepted_high: upper bound
-- is_best_value: whether an accepted answer costs least of this version; NULL where that is not known of all of the window
-- probability_best: how likely that is so, by the errors of scores and of tokens a call; NULL likewise
-- reason: why a figure is NULL
-- is_lower_bound: whether the cost of the window's quarters is one: then serving_cost is at least what it says
-- completeness: of these quarters: "complete"; "incomplete: ..." where the cost is a lower bound; "unsettled: ..." where what may still change it does not make it too low
WITH served AS (
    SELECT
        model_id,
        version_key(model_version) AS version_key,
        CAST(requested_at AS DATE) AS day,
        min(model_version) AS version
    FROM books.requests
    WHERE status = 'current' AND model_version IS NOT NULL AND requested_at < getvariable('as_of') + INTERVAL 1 DAY
    GROUP BY ALL
),

apart AS (
    SELECT *, coalesce(day - lag(day) OVER (PARTITION BY model_id, version_key ORDER BY day) > 7, TRUE) AS begins
    FROM served
),

numbered AS (
    SELECT *, count(*) FILTER (begins) OVER (PARTITION BY model_id, version_key ORDER BY day) AS stretch_no
    FROM apart
),

stretch AS (
    SELECT model_id, version_key, max(version) AS version, min(day) AS first_day, max(day) AS last_day
    FROM numbered
    GROUP BY model_id, version_key, stretch_no
),

edge AS (
    SELECT model_id, first_day AS day FROM stretch
    UNION
    SELECT model_id, last_day + 1 AS day FROM stretch
),

slice AS (
    SELECT model_id, day AS first_day, lead(day) OVER (PARTITION BY model_id ORDER BY day) - 1 AS last_day
    FROM edge
),

side AS (
    SELECT slice.model_id, slice.first_day, slice.last_day, stretch.version_key, stretch.version
    FROM slice
    INNER JOIN stretch
        ON slice.model_id = stretch.model_id
        AND slice.first_day >= stretch.first_day
        AND slice.last_day <= stretch.last_day
    QUALIFY count(*) OVER (PARTITION BY slice.model_id, slice.first_day) >= 2
),

span AS (
    SELECT DISTINCT model_id, first_day, last_day FROM side
),

call AS (
    SELECT
        span.model_id,
        span.first_day,
        version_key(requests.model_version) AS version_key,
        config_sources.one_in,
        requests.latency_ms,
        CASE
            WHEN requests.is_cache_hit THEN 0
            WHEN requests.input_tokens IS NOT NULL OR requests.output_tokens IS NOT NULL
                THEN coalesce(requests.input_tokens, 0) + coalesce(requests.output_tokens, 0)
        END AS tokens
    FROM books.requests
    INNER JOIN config_sources USING (source)
    INNER JOIN span
        ON requests.model_id = span.model_id
        AND requests.requested_at >= span.first_day
        AND requests.requested_at < span.last_day + INTERVAL 1 DAY
    WHERE requests.status = 'current'
),

traffic AS (
    SELECT
        model_id,
        first_day,
        version_key,
        CAST(sum(one_in) AS BIGINT) AS requests,
        CAST(sum(one_in * coalesce(tokens, 0)) AS BIGINT) AS tokens,
        avg(tokens) AS tokens_per_request,
        coalesce(stddev_samp(tokens) / nullif(avg(tokens), 0) / sqrt(count(tokens)), 0) AS token_error,
        quantile_cont(latency_ms, 0.5) AS latency_p50_ms,
        quantile_cont(latency_ms, 0.95) AS latency_p95_ms
    FROM call
    GROUP BY model_id, first_day, version_key
),

all_traffic AS (
    SELECT model_id, first_day, sum(requests) AS requests, sum(tokens) AS tokens
    FROM traffic
    GROUP BY model_id, first_day
),

-- Serving cost over the days of its charge that lie in its month, with the version that the charge's tag names.
spent AS (
    SELECT
        posted.model_id,
        CASE
            WHEN json_valid(charges.tags)
                THEN version_key(json_extract_string(
                    charges.tags, '/' || replace(replace(config_models.version_tag, '~', '~0'), '/', '~1')
                ))
        END AS version_key,
        greatest(CAST(charges.charge_period_start AS DATE), posted.month) AS read_first_day,
        least(
            CAST(charges.charge_period_end - INTERVAL 1 MICROSECOND AS DATE), CAST(posted.month + INTERVAL 1 MONTH AS DATE) - 1
        ) AS read_last_day,
        coalesce(read_first_day <= read_last_day, FALSE) AS is_read,
        CASE WHEN is_read THEN read_first_day ELSE posted.month END AS first_day,
        CASE WHEN is_read THEN read_last_day ELSE CAST(posted.month + INTERVAL 1 MONTH AS DATE) - 1 END AS last_day,
        posted.cost
    FROM books.posted
    INNER JOIN config_models USING (model_id)
    SEMI JOIN span ON posted.model_id = span.model_id
    LEFT JOIN books.charges USING (x_delivery_id, x_line, x_part)
    WHERE posted.stage = 'serving' AND posted.cost IS NOT NULL
),

cost AS (
    SELECT
        span.model_id,
        span.first_day,
        spent.version_key,
        CAST(sum(from_units(divide_half_even(
            to_units(spent.cost)
            * (date_diff('day', greatest(spent.first_day, span.first_day), least(spent.last_day, span.last_day)) + 1),
            date_diff('day', spent.first_day, spent.last_day) + 1
        ))) AS DECIMAL(38, 20)) AS cost
    FROM span
    INNER JOIN spent
        ON span.model_id = spent.model_id AND span.first_day <= spent.last_day AND span.last_day >= spent.first_day
    GROUP BY span.model_id, span.first_day, spent.version_key
),

all_cost AS (
    SELECT
        model_id,
        first_day,
        CAST(coalesce(sum(cost) FILTER (version_key IS NULL), 0) AS DECIMAL(38, 20)) AS unnamed,
        CAST(sum(cost) AS DECIMAL(38, 20)) AS cost
    FROM cost
    GROUP BY model_id, first_day
),

told_score AS (
    SELECT
        headline_scores.*,
        version_key(headline_scores.model_version) AS version_key,
        row(headline_scores.task_version, headline_scores.shots, headline_scores.prompts) AS setup
    FROM books.headline_scores
    SEMI JOIN span ON headline_scores.model_id = span.model_id
    WHERE headline_scores.evaluated_at < getvariable('as_of') + INTERVAL 1 DAY
),

headline AS (
    SELECT
        model_id,
        any_value(task) AS task,
        any_value(metric) AS metric,
        count(DISTINCT row(task, metric)) AS eval_count,
        whole_score(bool_and(higher_is_better), min(score), max(score), any_value(metric)) AS whole
    FROM told_score
    GROUP BY model_id
),

setup AS (
    SELECT side.model_id, side.first_day, told_score.setup
    FROM side
    INNER JOIN told_score USING (model_id, version_key)
    GROUP BY side.model_id, side.first_day, told_score.setup
    QUALIFY row_number() OVER (
        PARTITION BY side.model_id, side.first_day
        ORDER BY count(DISTINCT side.version_key) DESC, max(told_score.evaluated_at) DESC, told_score.setup
    ) = 1
),

score AS (
    SELECT
        side.model_id,
        side.first_day,
        side.version_key,
        headline.task,
        headline.metric,
        headline.whole,
        arg_max(told_score.score, told_score.evaluated_at) AS score,
        arg_max(told_score.n, told_score.evaluated_at) AS n,
        nullif(arg_max(coalesce(told_score.stderr, 0), told_score.evaluated_at), 0) AS stderr
    FROM side
    INNER JOIN setup USING (model_id, first_day)
    INNER JOIN headline ON side.model_id = headline.model_id AND headline.eval_count = 1
    INNER JOIN told_score
        ON side.model_id = told_score.model_id
        AND side.version_key = told_score.version_key
        AND (setup.setup IS NOT DISTINCT FROM told_score.setup)
    GROUP BY side.model_id, side.first_day, side.version_key, headline.task, headline.metric, headline.whole
),

joined AS (
    SELECT
        side.*,
        config_models.version_share,
        coalesce(traffic.requests, 0) AS requests,
        traffic.requests / all_traffic.requests AS request_share,
        traffic.tokens_per_request,
        traffic.latency_p50_ms,
        traffic.latency_p95_ms,
        CAST(coalesce(cost.cost, 0) AS DECIMAL(38, 20)) AS named_cost,
        all_cost.unnamed,
        all_cost.cost AS cost_of_all,
        CASE config_models.version_share
            WHEN 'requests' THEN coalesce(traffic.requests, 0)
            WHEN 'tokens' THEN coalesce(traffic.tokens, 0)
        END AS driver,
        CASE config_models.version_share
            WHEN 'requests' THEN all_traffic.requests
            WHEN 'tokens' THEN all_traffic.tokens
        END AS all_driver,
        CASE
            WHEN all_cost.unnamed = 0 THEN 0
            WHEN all_driver > 0
                THEN from_units(divide_half_even(to_units(all_cost.unnamed) // 1000000 * driver, all_driver) * 1000000)
        END AS shared_cost,
        CASE WHEN all_cost.cost <> 0 THEN named_cost + shared_cost END AS added_cost,
        CASE WHEN named_cost <> 0 OR all_cost.unnamed <> 0 THEN added_cost END AS serving_cost,
        -- Where all of it is shared by requests, a call costs the same of each version.
        CASE
            WHEN config_models.version_share = 'requests' AND named_cost = 0 THEN 0
            ELSE coalesce(traffic.token_error, 0)
        END AS cost_error,
        score.task,
        score.metric,
        score.score,
        score.n,
        score.stderr,
        score.whole,
        score.score / score.whole AS accepted
    FROM side
    INNER JOIN config_models USING (model_id)
    LEFT JOIN all_traffic USING (model_id, first_day)
    LEFT JOIN all_cost USING (model_id, first_day)
    LEFT JOIN traffic USING (model_id, first_day, version_key)
    LEFT JOIN cost USING (model_id, first_day, version_key)
    LEFT JOIN score USING (model_id, first_day, version_key)
),

-- The logarithm of an accepted answer's cost, and its error: those of the score (by the delta method; without a standard error that of
-- n tries, half a success added: Pettigrew, Gart and Thomas 1986), and of the tokens of a call.
weighed AS (
    SELECT
        *,
        CASE WHEN requests > 0 THEN CAST(serving_cost AS DOUBLE) / requests END AS cost_per_request,
        CASE
            WHEN stderr IS NOT NULL AND accepted > 0 THEN stderr / score
            WHEN n > 0 AND accepted IS NOT NULL THEN sqrt(greatest(1 / (accepted * n + 0.5) - 1 / (n + 0.5), 0))
        END AS score_error,
        CASE WHEN cost_per_request > 0 AND accepted > 0 THEN ln(cost_per_request / accepted) END AS place,
        CASE WHEN place IS NOT NULL THEN greatest(sqrt(pow(score_error, 2) + pow(cost_error, 2)), 1e-9) END AS error
    FROM joined
),

known AS (
    SELECT *, bool_and(coalesce(error IS NOT NULL, FALSE)) OVER (PARTITION BY model_id, first_day) AS is_known
    FROM weighed
),

-- A version is best where all others lie above it: an integral over where it may lie itself, in steps of a fiftieth of its error.
point AS (
    SELECT
        mine.model_id,
        mine.first_day,
        mine.version_key,
        grid.z,
        0.02 * normal_density(grid.z) * exp(sum(
            ln(greatest(normal_distribution((other.place - mine.place - mine.error * grid.z) / other.error), 1e-300))
        )) AS weight
    FROM known AS mine
    INNER JOIN known AS other
        ON mine.model_id = other.model_id AND mine.first_day = other.first_day AND mine.version_key <> other.version_key
    CROSS JOIN (SELECT unnest(generate_series(-300, 300)) * 0.02 AS z) AS grid
    WHERE mine.is_known
    GROUP BY mine.model_id, mine.first_day, mine.version_key, grid.z
),

chance AS (
    SELECT model_id, first_day, version_key, sum(weight) AS weight, sum(sum(weight)) OVER (PARTITION BY model_id, first_day) AS all_weight
    FROM point
    GROUP BY model_id, first_day, version_key
),

lacking AS (
    SELECT
        span.model_id,
        span.first_day,
        completeness_of_all(
            list({'name': wholeness.quarter, 'completeness': wholeness.completeness} ORDER BY wholeness.quarter_start)
        ) AS completeness
    FROM span
    INNER JOIN wholeness
        ON span.model_id = wholeness.model_id
        AND wholeness.quarter_start <= span.last_day
        AND wholeness.quarter_start + INTERVAL 3 MONTH > span.first_day
    GROUP BY span.model_id, span.first_day
)

SELECT
    known.model_id,
    known.version,
    known.first_day AS window_start,
    known.last_day AS window_end,
    CAST(getvariable('as_of') AS DATE) AS as_of,
    known.first_day = max(known.first_day) OVER (PARTITION BY known.model_id) AS is_latest,
    getvariable('reporting_currency') AS currency,
    known.requests,
    round(known.request_share, 6) AS request_share,
    round(known.tokens_per_request, 2) AS tokens_per_request,
    round(known.latency_p50_ms, 2) AS latency_p50_ms,
    round(known.latency_p95_ms, 2) AS latency_p95_ms,
    known.named_cost,
    CAST(known.shared_cost AS DECIMAL(38, 20)) AS shared_cost,
    CAST(known.serving_cost AS DECIMAL(38, 20)) AS serving_cost,
    ratio(
        CAST(known.serving_cost AS DECIMAL(38, 20)), CAST(CAST(known.requests AS DECIMAL(20, 0)) * 0.001 AS DECIMAL(38, 20))
    ) AS cost_per_1k_requests,
    known.task AS eval_task,
    known.metric AS eval_metric,
    known.score,
    CASE
        WHEN known.stderr IS NOT NULL THEN known.score - 1.9599640 * known.stderr
        WHEN known.n > 0 THEN wilson(known.accepted, known.n, -1) * known.whole
    END AS score_low,
    CASE
        WHEN known.stderr IS NOT NULL THEN known.score + 1.9599640 * known.stderr
        WHEN known.n > 0 THEN wilson(known.accepted, known.n, 1) * known.whole
    END AS score_high,
    CAST(CAST(1000 * exp(known.place) AS DECIMAL(38, 6)) AS DECIMAL(38, 20)) AS cost_per_1k_accepted,
    CAST(CAST(1000 * exp(known.place - 1.9599640 * known.error) AS DECIMAL(38, 6)) AS DECIMAL(38, 20)) AS cost_per_1k_accepted_low,
    CAST(CAST(1000 * exp(known.place + 1.9599640 * known.error) AS DECIMAL(38, 6)) AS DECIMAL(38, 20)) AS cost_per_1k_accepted_high,
    CASE
        WHEN known.is_known THEN known.place = min(known.place) OVER (PARTITION BY known.model_id, known.first_day)
    END AS is_best_value,
    round(chance.weight / chance.all_weight, 4) AS probability_best,
    nullif(concat_ws(
        '; ',
        CASE WHEN known.requests = 0 THEN 'it was not asked' END,
        CASE
            WHEN known.serving_cost > 0 THEN NULL
            WHEN known.serving_cost IS NOT NULL THEN 'its serving cost is nothing'
            WHEN coalesce(known.cost_of_all, 0) = 0 THEN 'no serving cost in these days'
            WHEN known.version_share IS NULL AND known.unnamed <> 0
                THEN 'serving cost names no version: tag it, or set version_share under [[models]]'
            WHEN known.shared_cost IS NULL THEN 'the request log holds no ' || known.version_share || ' to share serving cost by'
            ELSE 'no serving cost names it'
        END,
        CASE
            WHEN headline.eval_count > 1 THEN 'there are several evals: name headline_eval under [[models]]'
            WHEN headline.eval_count IS NULL THEN 'no eval scores'
            WHEN known.score IS NULL THEN 'no score of the setup the others have'
            WHEN known.accepted IS NULL THEN known.metric || ' is no share of answers'
            WHEN known.accepted = 0 THEN 'no answer was accepted'
            WHEN known.score_error IS NULL THEN 'the score states neither an error nor how many answers it is of'
        END,
        CASE WHEN known.error IS NOT NULL AND NOT known.is_known THEN 'not weighed: another version lacks what it takes' END
    ), '') AS reason,
    is_too_low(coalesce(lacking.completeness, 'complete')) AS is_lower_bound,
    coalesce(lacking.completeness, 'complete') AS completeness
FROM known
LEFT JOIN chance USING (model_id, first_day, version_key)
LEFT JOIN lacking USING (model_id, first_day)
LEFT JOIN headline ON known.model_id = headline.model_id
ORDER BY known.model_id, known.first_day, known.version_key
