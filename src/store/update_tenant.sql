-- Writes when something differs. An absent member of $.set keeps.
, changed AS MATERIALIZED (
  SELECT t.id,
    iif(json_type(?1, '$.set.name') IS NULL, t.name, ?1 ->> '$.set.name') AS name,
    iif(json_type(?1, '$.set.enabled') IS NULL, t.enabled, ?1 ->> '$.set.enabled') AS enabled
  FROM verdict CROSS JOIN tenants AS t ON t.id = verdict.place
  WHERE verdict.code = 'go'
)
UPDATE tenants SET name = changed.name, enabled = changed.enabled,
  updated_at = max(?1 ->> '$.now', min(tenants.updated_at + 1, 9007199254740991))
FROM changed
WHERE tenants.id = changed.id AND (tenants.name, tenants.enabled) IS NOT (changed.name, changed.enabled)
