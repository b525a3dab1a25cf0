-- What nobody claims, in groups of the same source, service and account, the costliest first, with the tags all of a group share.
WITH unclaimed AS (
    SELECT costs.x_delivery_id, costs.x_line, costs.x_part, sum(costs.cost) AS cost
    FROM books.costs
    WHERE costs.model_id IS NULL AND NOT costs.is_idle AND costs.share_no = 0
    GROUP BY ALL
),

charge AS (
    SELECT
        unclaimed.cost,
        charges.source,
        charges.service_name,
        charges.sub_account_id,
        CASE
            WHEN json_valid(charges.tags) THEN CASE
                WHEN json_type(charges.tags) = 'OBJECT' THEN CAST(CAST(charges.tags AS JSON) AS MAP(VARCHAR, VARCHAR))
            END
        END AS tags,
        hash(charges.source, charges.service_name, charges.sub_account_id) AS group_no
    FROM unclaimed
    INNER JOIN books.charges USING (x_delivery_id, x_line, x_part)
),

grouped AS (
    SELECT
        group_no,
        any_value(source) AS source,
        any_value(service_name) AS service_name,
        any_value(sub_account_id) AS sub_account_id,
        CAST(coalesce(sum(cost), 0) AS DECIMAL(38, 20)) AS cost,
        count(*) AS charge_count
    FROM charge
    GROUP BY group_no
    ORDER BY abs(coalesce(sum(cost), 0)) DESC, charge_count DESC, group_no
    LIMIT ?
),

entry AS (
    SELECT group_no, unnest(map_entries(tags)) AS tag
    FROM charge
    SEMI JOIN grouped USING (group_no)
),

common AS (
    SELECT group_no, tag.key AS tag_name, tag.value AS tag_value, count(*) AS times
    FROM entry
    WHERE tag.value IS NOT NULL
    GROUP BY ALL
),

named AS (
    SELECT
        common.group_no,
        list(common.tag_name ORDER BY common.tag_name) AS tag_names,
        list(common.tag_value ORDER BY common.tag_name) AS tag_values
    FROM common
    INNER JOIN grouped ON common.group_no = grouped.group_no AND common.times = grouped.charge_count
    GROUP BY common.group_no
)

SELECT grouped.* EXCLUDE (group_no), getvariable('reporting_currency') AS currency, named.tag_names, named.tag_values
FROM grouped
LEFT JOIN named USING (group_no)
ORDER BY abs(grouped.cost) DESC, grouped.charge_count DESC, group_no
