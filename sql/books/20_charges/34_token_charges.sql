-- [[token_rates]] as charges: what the calls of a model cost by their tokens, one charge a UTC day. Calls are counted by the request
-- log; where it holds one in many, that many times. A call that the gateway's own cache answered was sent to nobody, and costs nothing;
-- input that the provider had in its cache has a price of its own. Until a bill comes for the day they are accrued, as 70_costs says.
--
-- They come from truecost.toml and not from a delivery: delivery 0, and the line where the entry stands.
CREATE OR REPLACE TABLE books.token_charges AS
WITH used AS (
    SELECT
        config_token_rates.token_rate_no,
        CAST(requests.requested_at AS DATE) AS used_on,
        CAST(sum(
            config_sources.one_in * (coalesce(requests.input_tokens, 0) - coalesce(requests.cached_input_tokens, 0))
        ) AS HUGEINT) AS input_tokens,
        CAST(sum(config_sources.one_in * coalesce(requests.cached_input_tokens, 0)) AS HUGEINT) AS cached_input_tokens,
        CAST(sum(config_sources.one_in * coalesce(requests.output_tokens, 0)) AS HUGEINT) AS output_tokens
    FROM books.requests
    INNER JOIN config_sources USING (source)
    INNER JOIN config_token_rates
        ON requests.model_id = config_token_rates.model_id
        AND requests.source = coalesce(config_token_rates.source, requests.source)
        AND CAST(requests.requested_at AS DATE) >= coalesce(config_token_rates.first_day, DATE '0001-01-01')
        AND CAST(requests.requested_at AS DATE) <= coalesce(config_token_rates.last_day, DATE '9999-12-31')
    WHERE requests.status = 'current' AND requests.is_cache_hit IS NOT TRUE
    GROUP BY ALL
    HAVING input_tokens + cached_input_tokens + output_tokens > 0
)

SELECT
    '[[token_rates]]' AS source,
    0 AS x_delivery_id,
    CAST(line AS BIGINT) AS x_line,
    CAST(row_number() OVER (PARTITION BY line ORDER BY used_on) AS INTEGER) - 1 AS x_part,
    'Usage' AS charge_category,
    'AI and Machine Learning' AS service_category,
    'Generative AI' AS service_subcategory,
    'Tokens' AS service_name,
    input_tokens || ' input tokens at ' || without_zeros(input_cost) || ', '
    || CASE
        WHEN cached_input_tokens > 0 THEN cached_input_tokens || ' cached ones at ' || without_zeros(cached_input_cost) || ', '
        ELSE ''
    END
    || output_tokens
    || ' output tokens at ' || without_zeros(output_cost) || ' ' || currency || ' a million'
        AS charge_description,
    CAST(used_on AS TIMESTAMP) AS charge_period_start,
    CAST(used_on + 1 AS TIMESTAMP) AS charge_period_end,
    currency AS billing_currency,
    CAST(0 AS DECIMAL(38, 20)) AS billed_cost,
    -- A price has at most 6 decimals: a token's is exact.
    from_units(
        input_tokens * (to_units(input_cost) // 1000000)
        + cached_input_tokens * (to_units(cached_input_cost) // 1000000)
        + output_tokens * (to_units(output_cost) // 1000000)
    ) AS effective_cost,
    token_rate_no,
    model_id AS token_model_id
FROM used
INNER JOIN config_token_rates USING (token_rate_no)
