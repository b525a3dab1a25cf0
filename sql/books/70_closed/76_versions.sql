-- How often each quarter has been closed, be it open again or not.
CREATE OR REPLACE TABLE books.versions AS
SELECT * FROM config_versions
