INSERT INTO principals (tenant, id, name, description, created_at, updated_at)
SELECT place, ?1 ->> '$.set.id', ?1 ->> '$.set.name', ?1 ->> '$.set.description', ?1 ->> '$.now', ?1 ->> '$.now'
FROM verdict WHERE verdict.code = 'go'
RETURNING id, name, description, created_at, updated_at
