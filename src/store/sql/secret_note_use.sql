-- At most once a minute. A use is not a change: no event, and the same revision. ?1 is `After` (src/store/after.rs).
UPDATE secrets SET last_used_at = ?1 ->> '$.now'
WHERE id IN (SELECT value FROM json_each(?1, '$.used')) AND coalesce(last_used_at < (?1 ->> '$.now') - 60000000, 1)
