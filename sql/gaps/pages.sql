-- Answers of a paged interface whose next page has not come.
SELECT
    page.source,
    page.delivery_id,
    page.file,
    fiscal_quarter(CAST(page.continues_at AS DATE), getvariable('fiscal_year_start_month')) AS quarter,
    1 AS pieces,
    brings_cost(page.dataset) AS is_cost,
    brings_cost(page.dataset) AS is_lower_bound,
    strftime(page.continues_at, '%Y-%m-%d %H:%M') AS continues_at
FROM books.deliveries AS page
ANTI JOIN books.deliveries AS following
    ON page.source = following.source
    AND page.continues_at = following.begins_at
    AND NOT following.is_outdated
WHERE page.continues_at IS NOT NULL AND NOT page.is_outdated
