-- An absent condition is true. A role is searched for in the JSON text, since json_each would cost a row for each
-- role. The match is exact: quotes within a string are escaped.
coalesce(r.enabled = ?1 ->> '$.page.filter.enabled', 1)
AND coalesce(r.principal = ?1 ->> '$.page.filter.principal', 1)
AND (?1 ->> '$.page.filter.role' IS NULL OR coalesce(instr(r.roles, '"role_id":' || json_quote(?1 ->> '$.page.filter.role')), 0))
AND coalesce(r.name >= ?1 ->> '$.page.filter.name_from', 1) AND coalesce(r.name < ?1 ->> '$.page.filter.name_to', 1)
AND (?1 ->> '$.page.filter.expires_before' IS NULL OR coalesce(r.expires_at < ?1 ->> '$.page.filter.expires_before', 0))
AND (?1 ->> '$.page.filter.unused_since' IS NULL OR coalesce(r.last_used_at < ?1 ->> '$.page.filter.unused_since', 1))
AND (?1 ->> '$.page.filter.unrotated_since' IS NULL OR NOT EXISTS (SELECT 1 FROM secrets AS s
  WHERE s.tenant = r.tenant AND s.credential = r.id AND s.created_at >= ?1 ->> '$.page.filter.unrotated_since'))
