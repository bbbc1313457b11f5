UPDATE credentials SET last_used_at = ?1 ->> '$.now'
WHERE (tenant, id) = (SELECT tenant, credential FROM secrets WHERE id = ?1 ->> '$.used')
  AND coalesce(last_used_at < (?1 ->> '$.now') - 60000000, 1)
