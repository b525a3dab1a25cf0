-- What publishing rests on: the steps that write what the views show, and when each did. A warehouse that was rebuilt says
-- what it says anew, though every fingerprint be the same.
SELECT step, fingerprint, CAST(finished_at AS VARCHAR) AS finished_at
FROM log.steps
WHERE step NOT IN ('settle', 'macros')
ORDER BY step
