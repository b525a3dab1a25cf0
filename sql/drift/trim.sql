-- No more than $sample_rows requests a side: those whose hash comes first.
DELETE FROM drift_sample
WHERE side = $side
    AND request_hash > (
        SELECT request_hash
        FROM drift_sample
        WHERE side = $side
        ORDER BY request_hash
        LIMIT 1 OFFSET $sample_rows - 1
    )
