-- The claims of a set, and the set that it would replace, has replaced, or stands behind.
SELECT
    claims.delivery_id,
    claims.slot,
    claims.status,
    claims.held_form,
    claims.lost,
    coalesce(claims.against, holder.set_version) AS against,
    rival.file AS against_file,
    coalesce(landed.period, claims.slot) AS period
FROM books.claims
INNER JOIN log.claims AS landed USING (delivery_id, slot_no)
LEFT JOIN log.deliveries AS holder
    ON claims.current_delivery_id = holder.delivery_id AND holder.set_version <> claims.set_version
LEFT JOIN log.deliveries AS rival ON coalesce(claims.against, holder.set_version) = rival.delivery_id
WHERE claims.set_version = $set_version
ORDER BY claims.delivery_id, claims.slot_no
