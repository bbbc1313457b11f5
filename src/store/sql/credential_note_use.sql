UPDATE credentials SET last_used_at = ?1 ->> '$.now'
WHERE (tenant, id) IN (SELECT tenant, credential FROM secrets WHERE id IN (SELECT value FROM json_each(?1, '$.used')))
  AND coalesce(last_used_at < (?1 ->> '$.now') - 60000000, 1)
