-- The words of a text in the reference. The requests that are looked up, one in {{every}}, give none.
SELECT DISTINCT unnest(text_words({{text}})) AS word
FROM drift_sample
WHERE side = 'reference' AND request_hash % {{every}} <> 0
