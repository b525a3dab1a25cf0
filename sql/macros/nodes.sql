-- Slurm's list of nodes -> their names: `gpu[01-02],login1` -> gpu01, gpu02, login1.
CREATE OR REPLACE MACRO numbers_between(bounds) AS
    CASE
        WHEN NOT regexp_full_match(bounds, '[0-9]{1,9}-[0-9]{1,9}') THEN [bounds]
        WHEN CAST(split_part(bounds, '-', 2) AS BIGINT) - CAST(split_part(bounds, '-', 1) AS BIGINT) > 100000 THEN [bounds]
        ELSE list_transform(
            generate_series(CAST(split_part(bounds, '-', 1) AS BIGINT), CAST(split_part(bounds, '-', 2) AS BIGINT)),
            lambda number: lpad(
                CAST(number AS VARCHAR),
                CAST(greatest(length(split_part(bounds, '-', 1)), length(CAST(number AS VARCHAR))) AS INTEGER),
                '0'
            )
        )
    END;

CREATE OR REPLACE MACRO expand_nodes(node_list) AS
    flatten(list_transform(
        regexp_extract_all(node_list, '[^,\[]+(?:\[[^\]]*\])?[^,\[]*'),
        lambda entry: CASE
            WHEN contains(entry, '[') THEN list_transform(
                flatten(list_transform(
                    string_split(regexp_extract(entry, '\[([^\]]*)\]', 1), ','), lambda bounds: numbers_between(bounds)
                )),
                lambda number: regexp_extract(entry, '^([^\[]*)', 1) || number || regexp_extract(entry, '\]([^\[]*)$', 1)
            )
            ELSE [entry]
        END
    ));
