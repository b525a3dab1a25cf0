-- Which step of the way from the bills to the true cost a cost is: the one class that `bridge` adds up and `costs` shows. What is `own` is
-- two steps: what its bill says, and what its cost differs by.
CREATE OR REPLACE MACRO bridge_step(is_adjustment, is_idle, share_no, is_converted, is_accrued) AS
    CASE
        WHEN is_adjustment THEN 'adjustment'
        WHEN is_idle THEN 'idle'
        WHEN share_no > 0 THEN 'allocation'
        WHEN is_converted THEN 'fx'
        WHEN is_accrued THEN 'accrual'
        ELSE 'own'
    END;
