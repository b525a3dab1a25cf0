-- A version of a model as all records agree on it: `v3`, `V3` and `3` are one.
CREATE OR REPLACE MACRO version_key(version) AS
    regexp_replace(lower(trim(version)), '^v([0-9])', '\1');

-- The standard normal density, and its distribution to 7.5e-8 (Abramowitz and Stegun 1964, 26.2.17).
CREATE OR REPLACE MACRO normal_density(z) AS
    exp(-0.5 * z * z) / sqrt(2 * pi());

CREATE OR REPLACE MACRO normal_tail(z) AS
    normal_density(z) * (
        0.319381530 / (1 + 0.2316419 * z)
        - 0.356563782 / pow(1 + 0.2316419 * z, 2)
        + 1.781477937 / pow(1 + 0.2316419 * z, 3)
        - 1.821255978 / pow(1 + 0.2316419 * z, 4)
        + 1.330274429 / pow(1 + 0.2316419 * z, 5)
    );

CREATE OR REPLACE MACRO normal_distribution(z) AS
    CASE WHEN z < 0 THEN normal_tail(-z) ELSE 1 - normal_tail(z) END;

-- The bounds of a share's 95 % interval, of n tries (Wilson 1927).
CREATE OR REPLACE MACRO wilson(share, n, side) AS
    (
        share + 3.8414588 / (2 * n) + side * 1.9599640 * sqrt(share * (1 - share) / n + 3.8414588 / (4 * n * n))
    ) / (1 + 3.8414588 / n);

-- The score of which all answers are accepted; NULL where scores of this kind are no shares of answers.
CREATE OR REPLACE MACRO whole_score(is_better_higher, lowest, highest, metric) AS
    CASE
        WHEN NOT is_better_higher THEN NULL
        WHEN lowest >= 0 AND highest <= 1 THEN 1
        WHEN lowest >= 0 AND highest <= 100 AND regexp_matches(metric, '(?i)^(em|exact|exact_match|acc|accuracy)(,.*)?$') THEN 100
    END;
