-- How complete the costs of each quarter were said to be when it was closed.
CREATE OR REPLACE TABLE books.completeness AS
SELECT * FROM config_completeness
