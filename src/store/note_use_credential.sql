UPDATE credentials SET last_used_at = CAST(?2 AS INTEGER)
WHERE (tenant, id) = (SELECT tenant, credential FROM secrets WHERE id = ?1)
  AND coalesce(last_used_at < CAST(?2 AS INTEGER) - 60000000, 1)
