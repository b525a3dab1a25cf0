-- Which bill pays for which usage: [[coverage]], then each [[capacity]].
CREATE OR REPLACE TEMP TABLE config_coverage (
    coverage_no INTEGER,
    name VARCHAR,
    join_on VARCHAR,
    gpu_type VARCHAR,
    gpu_hours_per_unit DECIMAL(18, 6),
    is_capacity BOOLEAN
)
