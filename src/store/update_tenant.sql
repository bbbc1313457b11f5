-- Writes when something differs. An absent member of $.set keeps.
, changed AS MATERIALIZED (
  SELECT t.id,
    iif(json_type(?1, '$.set.name') IS NULL, t.name, ?1 ->> '$.set.name') AS name,
    iif(json_type(?1, '$.set.enabled') IS NULL, t.enabled, ?1 ->> '$.set.enabled') AS enabled,
    iif(json_type(?1, '$.set.rbac') IS NULL, t.rbac, ?1 ->> '$.set.rbac') AS rbac,
    iif(json_type(?1, '$.set.preconditions') IS NULL, t.preconditions, ?1 ->> '$.set.preconditions') AS preconditions,
    iif(json_type(?1, '$.set.role_names') IS NULL, t.role_names, ?1 ->> '$.set.role_names') AS role_names
  FROM verdict CROSS JOIN tenants AS t ON t.id = verdict.place
  WHERE verdict.code = 'go'
)
UPDATE tenants SET name = changed.name, enabled = changed.enabled, rbac = changed.rbac, preconditions = changed.preconditions,
  role_names = changed.role_names, revision = tenants.revision + 1,
  updated_at = max(?1 ->> '$.now', min(tenants.updated_at + 1, 9007199254740991))
FROM changed
WHERE tenants.id = changed.id AND (tenants.name, tenants.enabled, tenants.rbac, tenants.preconditions, tenants.role_names)
  IS NOT (changed.name, changed.enabled, changed.rbac, changed.preconditions, changed.role_names)
