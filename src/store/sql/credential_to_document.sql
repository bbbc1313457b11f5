-- On a face without access, roles give it: on creation, and where they change, unless the access was set elsewhere.
iif(json_type(given, '$.access_of_roles') IS NOT NULL AND (id IS NULL OR (
    (patched -> '$.roles' <> document -> '$.roles' OR patched ->> '$.unrestricted' <> document ->> '$.unrestricted')
    AND document ->> '$.access' = {access_before})),
  json_set(patched, '$.access', {access_after}), patched)
