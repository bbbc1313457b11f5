-- At most once a minute, after the answer: ?1 is the secret's id, ?2 now. A use is no change: no event, no revision.
UPDATE secrets SET last_used_at = CAST(?2 AS INTEGER)
WHERE id = ?1 AND coalesce(last_used_at < CAST(?2 AS INTEGER) - 60000000, 1)
