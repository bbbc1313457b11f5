INSERT INTO principals (tenant, id, name, description, enabled, first_name, last_name, email, created_at, updated_at)
SELECT place, ?1 ->> '$.principal', ?1 ->> '$.set.name', ?1 ->> '$.set.description', ?1 ->> '$.set.enabled',
  ?1 ->> '$.set.first_name', ?1 ->> '$.set.last_name', ?1 ->> '$.set.email',
  coalesce(?1 ->> '$.set.created_at', ?1 ->> '$.now'), coalesce(?1 ->> '$.set.updated_at', ?1 ->> '$.now')
FROM verdict WHERE verdict.code = 'go'
RETURNING *
