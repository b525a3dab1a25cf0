-- One side of the sample, as Evidently is given it.
WITH taken AS (
    SELECT
        * EXCLUDE (features),
        json_extract_string(features, CAST($pointers AS VARCHAR[])) AS feature_values
    FROM drift_sample
    WHERE side = $side
)

SELECT requested_at{{columns}}
FROM taken
