-- What each delivery wrote, table by table, so that a row that is changed afterwards shows.
CREATE TABLE log.contents (
    delivery_id INTEGER,
    table_name VARCHAR,
    rows BIGINT,
    content HUGEINT
);
