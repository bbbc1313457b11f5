-- Writes when something differs. An absent member of $.set keeps, null clears.
, changed AS MATERIALIZED (
  SELECT p.tenant, p.id,
    iif(json_type(?1, '$.set.name') IS NULL, p.name, ?1 ->> '$.set.name') AS name,
    iif(json_type(?1, '$.set.description') IS NULL, p.description, ?1 ->> '$.set.description') AS description,
    iif(json_type(?1, '$.set.enabled') IS NULL, p.enabled, ?1 ->> '$.set.enabled') AS enabled,
    iif(json_type(?1, '$.set.first_name') IS NULL, p.first_name, ?1 ->> '$.set.first_name') AS first_name,
    iif(json_type(?1, '$.set.last_name') IS NULL, p.last_name, ?1 ->> '$.set.last_name') AS last_name,
    iif(json_type(?1, '$.set.email') IS NULL, p.email, ?1 ->> '$.set.email') AS email
  FROM verdict CROSS JOIN principals AS p ON p.tenant = verdict.place AND p.id = verdict.whom
  WHERE verdict.code = 'go'
)
UPDATE principals SET name = changed.name, description = changed.description, enabled = changed.enabled,
  first_name = changed.first_name, last_name = changed.last_name, email = changed.email, revision = principals.revision + 1,
  updated_at = max(?1 ->> '$.now', min(principals.updated_at + 1, 9007199254740991))
FROM changed
WHERE principals.tenant = changed.tenant AND principals.id = changed.id
  AND (principals.name, principals.description, principals.enabled, principals.first_name, principals.last_name, principals.email)
    IS NOT (changed.name, changed.description, changed.enabled, changed.first_name, changed.last_name, changed.email)
