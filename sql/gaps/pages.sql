-- Answers of a paged interface whose next page has not come.
SELECT page.source, page.file, strftime(page.continues_at, '%Y-%m-%d %H:%M') AS continues_at
FROM books.deliveries AS page
ANTI JOIN books.deliveries AS following
    ON page.source = following.source
    AND page.continues_at = following.begins_at
    AND NOT following.is_outdated
WHERE page.continues_at IS NOT NULL AND NOT page.is_outdated
