-- Entries that a newer export of the same person, project and days no longer holds, or holds at the same start for the same time
-- under another name: edited, moved or deleted since, perhaps, and counted all the same.
WITH worklog_span AS (
    SELECT source, x_delivery_id, person, project, min(started_at) AS first_at, max(started_at) AS last_at
    FROM books.worklogs
    GROUP BY source, x_delivery_id, person, project
),

covered_again AS (
    SELECT entry.x_delivery_id, entry.x_line, entry.person, newer.x_delivery_id AS newer_delivery_id
    FROM books.worklogs AS entry
    INNER JOIN worklog_span AS newer
        ON entry.source = newer.source
        AND entry.person = newer.person
        AND entry.project IS NOT DISTINCT FROM newer.project
        AND entry.x_delivery_id < newer.x_delivery_id
        AND entry.started_at BETWEEN newer.first_at AND newer.last_at
    WHERE entry.status = 'current' AND entry.seconds > 0
    UNION
    SELECT entry.x_delivery_id, entry.x_line, entry.person, newer.x_delivery_id AS newer_delivery_id
    FROM books.worklogs AS entry
    INNER JOIN books.worklogs AS newer
        ON entry.source = newer.source
        AND entry.person = newer.person
        AND entry.started_at = newer.started_at
        AND entry.seconds = newer.seconds
        AND entry.x_delivery_id < newer.x_delivery_id
    WHERE entry.status = 'current' AND entry.seconds > 0
),

left_out AS (
    SELECT DISTINCT entry.source, entry.x_delivery_id, entry.x_line, entry.seconds
    FROM covered_again
    INNER JOIN books.worklogs AS entry USING (x_delivery_id, x_line)
    ANTI JOIN books.worklogs AS again
        ON covered_again.newer_delivery_id = again.x_delivery_id
        AND entry.source = again.source
        AND entry.person = again.person
        AND entry.started_at = again.started_at
        AND entry.project IS NOT DISTINCT FROM again.project
        AND entry.task IS NOT DISTINCT FROM again.task
        AND entry.key_text IS NOT DISTINCT FROM again.key_text
        AND entry.x_occurrence = again.x_occurrence
)

SELECT source, count(*) AS pieces, count(*) AS entries, CAST(sum(seconds) / 3600 AS DECIMAL(18, 2)) AS hours
FROM left_out
GROUP BY source
