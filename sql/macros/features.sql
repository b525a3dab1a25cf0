-- The features a request has, without those it lacks: another file of the same log may not have their columns at all.
CREATE OR REPLACE MACRO present_features(features) AS
    nullif(CASE WHEN contains(features, ':null') THEN CAST(json_merge_patch('{}', features) AS VARCHAR) ELSE features END, '{}');
