-- The label is the slug asked for; where that is taken, or may not stand alone, the first number that makes it free.
INSERT INTO tenants (id, label, name, enabled, rbac, preconditions, role_names, created_at, updated_at)
SELECT ?1 ->> '$.tenant.id',
  (WITH RECURSIVE tried (n, label) AS (
     SELECT ?1 ->> '$.set.first', iif(?1 ->> '$.set.first' = 1, ?1 ->> '$.set.slug', (?1 ->> '$.set.slug') || '-' || (?1 ->> '$.set.first'))
     UNION ALL
     SELECT n + 1, (?1 ->> '$.set.slug') || '-' || (n + 1) FROM tried WHERE EXISTS (SELECT 1 FROM tenants WHERE label = tried.label))
   SELECT label FROM tried ORDER BY n DESC LIMIT 1),
  ?1 ->> '$.set.name', ?1 ->> '$.set.enabled', ?1 ->> '$.set.rbac',
  ?1 ->> '$.set.preconditions', ?1 ->> '$.set.role_names',
  coalesce(?1 ->> '$.set.created_at', ?1 ->> '$.now'), coalesce(?1 ->> '$.set.updated_at', ?1 ->> '$.now')
FROM verdict WHERE verdict.code = 'go'
RETURNING *
