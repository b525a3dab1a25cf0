-- FOCUS's allowed values, as the specification spells them, whatever their case in a file; other text stays as it is.
CREATE OR REPLACE MACRO focus_category(value) AS
    CASE lower(value)
        WHEN 'usage' THEN 'Usage'
        WHEN 'purchase' THEN 'Purchase'
        WHEN 'tax' THEN 'Tax'
        WHEN 'credit' THEN 'Credit'
        WHEN 'adjustment' THEN 'Adjustment'
        ELSE value
    END;

CREATE OR REPLACE MACRO focus_frequency(value) AS
    CASE lower(value)
        WHEN 'one-time' THEN 'One-Time'
        WHEN 'recurring' THEN 'Recurring'
        WHEN 'usage-based' THEN 'Usage-Based'
        ELSE value
    END;

CREATE OR REPLACE MACRO focus_status(value) AS
    CASE lower(value)
        WHEN 'used' THEN 'Used'
        WHEN 'unused' THEN 'Unused'
        ELSE value
    END;

CREATE OR REPLACE MACRO focus_commitment(value) AS
    CASE lower(value)
        WHEN 'spend' THEN 'Spend'
        WHEN 'usage' THEN 'Usage'
        ELSE value
    END;

CREATE OR REPLACE MACRO focus_pricing(value) AS
    CASE lower(value)
        WHEN 'standard' THEN 'Standard'
        WHEN 'dynamic' THEN 'Dynamic'
        WHEN 'committed' THEN 'Committed'
        WHEN 'other' THEN 'Other'
        ELSE value
    END;

CREATE OR REPLACE MACRO focus_service(value) AS
    CASE lower(value)
        WHEN 'ai and machine learning' THEN 'AI and Machine Learning'
        WHEN 'analytics' THEN 'Analytics'
        WHEN 'business applications' THEN 'Business Applications'
        WHEN 'compute' THEN 'Compute'
        WHEN 'databases' THEN 'Databases'
        WHEN 'developer tools' THEN 'Developer Tools'
        WHEN 'multicloud' THEN 'Multicloud'
        WHEN 'identity' THEN 'Identity'
        WHEN 'integration' THEN 'Integration'
        WHEN 'internet of things' THEN 'Internet of Things'
        WHEN 'management and governance' THEN 'Management and Governance'
        WHEN 'media' THEN 'Media'
        WHEN 'migration' THEN 'Migration'
        WHEN 'mobile' THEN 'Mobile'
        WHEN 'networking' THEN 'Networking'
        WHEN 'security' THEN 'Security'
        WHEN 'storage' THEN 'Storage'
        WHEN 'web' THEN 'Web'
        WHEN 'other' THEN 'Other'
        ELSE value
    END;

-- Tags as a JSON object, which rules read: of an object, of a list of pairs (`[{"key": "team", "value": "nlp"}]`, `[["team", "nlp"]]`,
-- `[{"team": "nlp"}]`), or of text (`"team": "nlp"`, `team=nlp;env=prod`, `team:nlp, env:prod`). What is none of these stays as it is.
CREATE OR REPLACE MACRO tags_of_entries(entries) AS
    CASE
        WHEN len(entries) > 0 AND len(list_filter(entries, lambda entry: entry.tag IS NULL OR entry.tag = '')) = 0
            THEN '{' || array_to_string(
                list_transform(
                    entries,
                    lambda entry: CAST(to_json(entry.tag) AS VARCHAR) || ':' || coalesce(CAST(to_json(entry.said) AS VARCHAR), 'null')
                ),
                ','
            ) || '}'
    END;

CREATE OR REPLACE MACRO tags_of_list(tags_text) AS
    tags_of_entries(list_transform(
        from_json(tags_text, '["JSON"]'),
        lambda pair: CASE json_type(pair)
            WHEN 'ARRAY' THEN {'tag': pair ->> 0, 'said': pair ->> 1}
            WHEN 'OBJECT' THEN CASE
                WHEN len(json_keys(pair)) = 1 THEN {'tag': json_keys(pair)[1], 'said': json_extract_string(pair, '$.*')[1]}
                ELSE {
                    'tag': coalesce(pair ->> 'key', pair ->> 'Key', pair ->> 'name', pair ->> 'Name', pair ->> 'tagKey'),
                    'said': coalesce(pair ->> 'value', pair ->> 'Value', pair ->> 'tagValue')
                }
            END
        END
    ));

-- `parts` are the characters between pairs, and `said` those that a value is of.
CREATE OR REPLACE MACRO tags_of_text(tags_text, parts, mark, said) AS
    CASE
        WHEN regexp_full_match(
            tags_text,
            printf('(\s*[^=:;,|"\s][^=:;,|"]*%s%s*([%s]|$))+', mark, said, parts)
        ) THEN tags_of_entries(list_transform(
            list_filter(string_split_regex(tags_text, '[' || parts || ']'), lambda part: trim(part) <> ''),
            lambda part: {'tag': trim(substr(part, 1, strpos(part, mark) - 1)), 'said': trim(substr(part, strpos(part, mark) + 1))}
        ))
    END;

CREATE OR REPLACE MACRO tags_object(tags_text) AS
    CASE
        WHEN tags_text IS NULL OR starts_with(tags_text, '{"') OR tags_text = '{}' THEN tags_text
        WHEN json_valid(tags_text) THEN CASE json_type(tags_text)
            WHEN 'ARRAY' THEN coalesce(tags_of_list(tags_text), tags_text)
            WHEN 'VARCHAR' THEN CASE
                WHEN json_valid(json_extract_string(tags_text, '$')) THEN json_extract_string(tags_text, '$')
                ELSE tags_text
            END
            ELSE tags_text
        END
        WHEN json_valid('{' || rtrim(trim(tags_text), ',') || '}') THEN '{' || rtrim(trim(tags_text), ',') || '}'
        WHEN starts_with(tags_text, '{''') AND json_valid(replace(tags_text, '''', '"')) THEN replace(tags_text, '''', '"')
        ELSE coalesce(
            CASE WHEN regexp_matches(tags_text, '[;|]') THEN tags_of_text(tags_text, ';|', '=', '[^;|]') END,
            tags_of_text(tags_text, ',', '=', '[^,]'),
            CASE WHEN regexp_matches(tags_text, '[;|]') THEN tags_of_text(tags_text, ';|', ':', '[^:;|]') END,
            tags_of_text(tags_text, ',', ':', '[^:,]'),
            tags_text
        )
    END;
