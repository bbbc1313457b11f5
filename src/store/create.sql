INSERT INTO credentials (tenant, id, principal, name, description, enabled, roles, expires_at, revision, created_at,
  updated_at, change, changed_at, changed_by, changed_request, event)
SELECT after.tenant, after.id, after.principal, after.name, after.description, after.enabled, after.roles, after.expires_at, 1,
  coalesce(?1 ->> '$.set.created_at', ?1 ->> '$.now'), coalesce(?1 ->> '$.set.updated_at', ?1 ->> '$.now'),
  ?1 ->> '$.change', ?1 ->> '$.now', caller.id, ?1 ->> '$.request',
  (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = after.tenant)
FROM verdict CROSS JOIN caller CROSS JOIN after
WHERE verdict.code = 'go'
