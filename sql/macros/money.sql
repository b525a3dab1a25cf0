-- An amount as people read it, to the cent, with its currency before it.
CREATE OR REPLACE MACRO in_money(amount, currency) AS
    currency || ' ' || CAST(CAST(amount AS DECIMAL(38, 2)) AS VARCHAR);
