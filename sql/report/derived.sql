-- What publishing rests on: the steps that write what the views show.
SELECT step, fingerprint
FROM log.steps
WHERE step <> 'settle'
ORDER BY step
