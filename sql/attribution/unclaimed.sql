-- What nobody claims and a rule could: in groups of the same source, service and account, each divided by the tag that best tells
-- its charges apart, the costliest first; with the tags to name in a rule.
--
-- A bill that usage shares costs nobody anything of its own: what of it goes to usage that nobody claims is told as the cost of that
-- usage, since a rule for the usage claims it. What follows other charges (a tax, a credit) goes with them, and is no group of its own.
-- What a close saw is left out: no rule written now is for it.
WITH seen_at_close AS (
    SELECT max(quarter_end) AS quarter_end, max(last_delivery_id) AS last_delivery_id FROM books.closes
),

nobodys_share AS (
    SELECT shares.pool_no, sum(to_units(costs.cost)) AS units
    FROM books.costs
    INNER JOIN books.shares USING (x_delivery_id, x_line, x_part, share_no)
    WHERE costs.model_id IS NULL AND NOT costs.is_idle AND costs.cost IS NOT NULL AND shares.pool_no IS NOT NULL
    GROUP BY shares.pool_no
),

nobodys_usage AS (
    SELECT pool_no, x_delivery_id, x_line, x_part, sum(pool_usage.used_seconds) AS weight
    FROM books.pool_usage
    INNER JOIN books.attribution USING (x_delivery_id, x_line, x_part)
    WHERE attribution.model_id IS NULL
    GROUP BY pool_no, x_delivery_id, x_line, x_part
),

weighed AS (
    SELECT *, sum(weight) OVER (PARTITION BY pool_no) AS total FROM nobodys_usage
),

unclaimed AS (
    SELECT x_delivery_id, x_line, x_part, sum(cost) AS cost, sum(bill_share) AS bill_share
    FROM (
        SELECT x_delivery_id, x_line, x_part, cost, CAST(0 AS DECIMAL(38, 20)) AS bill_share
        FROM books.costs
        WHERE model_id IS NULL AND NOT is_idle AND share_no = 0
        UNION ALL
        SELECT
            weighed.x_delivery_id,
            weighed.x_line,
            weighed.x_part,
            from_units(sign(units) * split_whole(units, weighed.weight, weighed.total)) AS cost,
            cost AS bill_share
        FROM weighed
        INNER JOIN nobodys_share USING (pool_no)
    ) AS told
    GROUP BY x_delivery_id, x_line, x_part
),

charge AS (
    SELECT
        charges.source,
        charges.service_name,
        charges.sub_account_id,
        charges.resource_type,
        CASE WHEN json_valid(charges.tags) THEN CASE WHEN json_type(charges.tags) = 'OBJECT' THEN charges.tags END END AS tags,
        unclaimed.cost,
        unclaimed.bill_share
    FROM unclaimed
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
    CROSS JOIN seen_at_close
    WHERE NOT coalesce(
        charges.charge_period_start < seen_at_close.quarter_end AND x_delivery_id <= seen_at_close.last_delivery_id, FALSE
    )
),

-- Many charges have the same tags: each text is read once. A credit weighs as much as what it takes off.
content AS (
    SELECT
        hash(source, service_name, sub_account_id) AS group_no,
        source,
        service_name,
        sub_account_id,
        coalesce(resource_type = 'Slurm job', FALSE) AS is_job,
        tags,
        coalesce(sum(cost), 0) AS cost,
        coalesce(sum(cost) FILTER (cost < 0), 0) AS credits,
        coalesce(sum(abs(cost)), 0) AS weight,
        sum(bill_share) AS bill_share,
        count(*) AS charge_count
    FROM charge
    GROUP BY source, service_name, sub_account_id, is_job, tags
),

-- Of more groups than these, the costliest are enough: a part of a group costs no more than the whole.
largest AS (
    SELECT group_no, sum(charge_count) AS group_count
    FROM content
    GROUP BY group_no
    ORDER BY sum(weight) DESC, sum(charge_count) DESC, group_no
    LIMIT 100
),

held AS (
    SELECT content.*, largest.group_count, row_number() OVER (ORDER BY group_no, is_job, tags) AS content_no
    FROM content
    INNER JOIN largest USING (group_no)
),

-- How a job ended and what it was called say little of the next one; nor does a tag that repeats a column.
entry AS (
    SELECT held.* EXCLUDE (tags), tag_name, json_extract_string(tags, pointer) AS tag_value
    FROM (
        SELECT
            *,
            unnest(list_distinct(json_keys(tags))) AS tag_name,
            '/' || replace(replace(tag_name, '~', '~0'), '/', '~1') AS pointer
        FROM held
    ) AS held
    WHERE tag_name <> '' AND json_type(tags, pointer) NOT IN ('OBJECT', 'ARRAY', 'NULL')
),

-- A tag tells charges apart where it has few values over the whole source: what differs from charge to charge names no owner.
source_text AS (
    SELECT DISTINCT source, tags
    FROM books.charges
    SEMI JOIN held USING (source)
    WHERE CASE WHEN json_valid(tags) THEN json_type(tags) = 'OBJECT' END
),

source_tag AS (
    SELECT source, tag_name, count(DISTINCT json_extract_string(tags, pointer)) AS value_count
    FROM (
        SELECT
            source,
            tags,
            unnest(list_distinct(json_keys(tags))) AS tag_name,
            '/' || replace(replace(tag_name, '~', '~0'), '/', '~1') AS pointer
        FROM source_text
    ) AS read
    GROUP BY source, tag_name
),

telling AS (
    SELECT entry.*, source_tag.value_count, config_models.model_id IS NOT NULL AS is_model
    FROM entry
    INNER JOIN source_tag ON entry.source IS NOT DISTINCT FROM source_tag.source AND entry.tag_name = source_tag.tag_name
    LEFT JOIN config_models ON entry.tag_value = config_models.model_id
    WHERE
        config_models.model_id IS NOT NULL
        OR (
            source_tag.value_count <= 20
            AND NOT (entry.is_job AND entry.tag_name IN ('state', 'job_name'))
            AND entry.tag_value IS DISTINCT FROM entry.sub_account_id
            AND entry.tag_value IS DISTINCT FROM entry.service_name
        )
),

group_value AS (
    SELECT
        group_no,
        tag_name,
        tag_value,
        any_value(is_model) AS is_model,
        any_value(group_count) AS group_count,
        sum(charge_count) AS charge_count,
        sum(weight) AS weight
    FROM telling
    GROUP BY group_no, tag_name, tag_value
),

-- The tag that divides a group: every charge has it. Best are a tag of models, then few values, then an even division.
-- Where all of a group name one model, that tag leaves it whole.
dividing AS (
    SELECT
        group_no,
        tag_name,
        bool_and(is_model) AS names_models,
        count(*) AS part_count,
        max(weight) AS largest_part
    FROM group_value
    GROUP BY group_no, tag_name
    HAVING sum(charge_count) = any_value(group_count) AND (count(*) > 1 OR bool_and(is_model))
),

divider AS (
    SELECT group_no, tag_name
    FROM dividing
    QUALIFY row_number() OVER (PARTITION BY group_no ORDER BY names_models DESC, part_count, largest_part, tag_name) = 1
),

part AS (
    SELECT held.*, hash(held.group_no, divided.tag_value) AS part_no, divided.tag_name AS divided_by
    FROM held
    LEFT JOIN (
        SELECT telling.content_no, telling.tag_name, telling.tag_value
        FROM telling
        INNER JOIN divider USING (group_no, tag_name)
    ) AS divided USING (content_no)
),

suggested AS (
    SELECT
        part_no,
        any_value(source) AS source,
        any_value(service_name) AS service_name,
        any_value(sub_account_id) AS sub_account_id,
        any_value(divided_by) AS divided_by,
        CAST(sum(cost) AS DECIMAL(38, 20)) AS cost,
        CAST(sum(credits) AS DECIMAL(38, 20)) AS credits,
        CAST(sum(bill_share) AS DECIMAL(38, 20)) AS bill_share,
        CAST(sum(weight) AS DECIMAL(38, 20)) AS weight,
        sum(charge_count) AS charge_count
    FROM part
    GROUP BY part_no
    ORDER BY sum(weight) DESC, sum(charge_count) DESC, part_no
    LIMIT $limit
),

common AS (
    SELECT
        part_no,
        telling.tag_name,
        telling.tag_value,
        coalesce(telling.tag_name = any_value(part.divided_by), FALSE) AS is_divider,
        any_value(telling.is_model) AS is_model,
        any_value(telling.value_count) AS value_count
    FROM telling
    INNER JOIN part USING (content_no)
    INNER JOIN suggested USING (part_no)
    GROUP BY part_no, telling.tag_name, telling.tag_value
    HAVING sum(telling.charge_count) = any_value(suggested.charge_count)
),

-- Every further tag makes it likelier that the next charge does not match.
chosen AS (
    SELECT part_no, tag_name, tag_value
    FROM common
    QUALIFY row_number() OVER (PARTITION BY part_no ORDER BY is_divider DESC, is_model DESC, value_count, tag_name) <= 2
),

named AS (
    SELECT part_no, list(tag_name ORDER BY tag_name) AS tag_names, list(tag_value ORDER BY tag_name) AS tag_values
    FROM chosen
    GROUP BY part_no
)

SELECT
    suggested.* EXCLUDE (part_no, divided_by),
    getvariable('reporting_currency') AS currency,
    named.tag_names,
    named.tag_values
FROM suggested
LEFT JOIN named USING (part_no)
ORDER BY suggested.weight DESC, suggested.charge_count DESC, part_no
