-- The usage that bills of a [[coverage]] may pay for, once for each coverage it is of, by resource.
--
-- Where the join is by resource, a job that tells its nodes used each of them alike; a bill names a node by its resource's id or name.
CREATE OR REPLACE TABLE books.coverable_usage AS
WITH usage AS (
    SELECT
        charges.x_delivery_id,
        charges.x_line,
        charges.x_part,
        CAST(charge_period_start AS DATE) AS used_on,
        lower(sku_id) AS gpu_type,
        resource_id,
        job.node_list,
        divide_half_even(to_units(consumed_quantity) * 3600, CAST(100000000000000000000 AS HUGEINT)) AS all_seconds,
        unnest({{covering_pools}}) AS coverage_no
    FROM books.charges
    LEFT JOIN (SELECT x_delivery_id, x_line, node_list FROM books.jobs WHERE node_list IS NOT NULL) AS job
        ON charges.x_delivery_id = job.x_delivery_id AND charges.x_line = job.x_line
    WHERE x_basis = 'usage' AND (consumed_unit IS DISTINCT FROM 'CPU-Hours')
),

placed AS (
    SELECT
        usage.* EXCLUDE (resource_id, node_list),
        CASE WHEN join_on = 'resource_id' AND node_list IS NOT NULL THEN expand_nodes(node_list) ELSE [resource_id] END AS resources
    FROM usage
    INNER JOIN config_coverage USING (coverage_no)
),

by_resource AS (
    SELECT
        * EXCLUDE (resources),
        len(resources) AS resource_count,
        unnest(resources) AS resource_id,
        generate_subscripts(resources, 1) AS place
    FROM placed
)

SELECT
    * EXCLUDE (resource_count, place),
    all_seconds * place // resource_count - all_seconds * (place - 1) // resource_count AS used_seconds
FROM by_resource
