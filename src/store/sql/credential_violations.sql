'unknown_principal', iif(json_type(given, '$.set.principal') IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM principals AS p WHERE p.tenant = merged.tenant AND p.id = given ->> '$.set.principal'), 1, NULL),
-- Role names that are not in the tenant's catalogue. The credential may keep a role after its name left the
-- catalogue, so that a PUT of what GET returned is valid. If the list is invalid, only its names are compared.
'unknown_roles', json(CASE
  WHEN coalesce(json_array_length(given, '$.role_names'), 0) = 0 THEN NULL
  WHEN json_type(given, '$.set.roles') IS NULL THEN (
    SELECT nullif(json_group_array(name), '[]') FROM (
      SELECT value AS name FROM json_each(given, '$.role_names')
      EXCEPT SELECT value FROM json_each(role_names)
      EXCEPT SELECT value ->> 'role_id' FROM json_each(document, '$.roles')))
  WHEN to_document -> '$.roles' IS document -> '$.roles' THEN NULL
  ELSE (
    SELECT nullif(json_group_array(name), '[]') FROM (
      SELECT value ->> 'role_id' AS name FROM (
        SELECT value FROM json_each(to_document, '$.roles') EXCEPT SELECT value FROM json_each(document, '$.roles'))
      EXCEPT SELECT value FROM json_each(role_names)))
  END),
'not_of_default_principal', iif(to_document ->> '$.access' = 'verify_all'
  AND to_document ->> '$.principal' <> '00000000000000000000000000', 1, NULL),
'too_many_roles', iif(json_array_length(to_document, '$.roles') > {roles_max}, 1, NULL),
'last_role', iif(json_type(given, '$.context') IS NOT NULL AND json_array_length(to_document, '$.roles') = 0
  AND json_array_length(document, '$.roles') > 0, 1, NULL),
'too_many_metadata', iif(json_type(given, '$.set.metadata') IS NOT NULL AND (SELECT count(*) FROM json_each(to_document, '$.metadata')) > {metadata_max}, 1, NULL),
'too_large_metadata', iif(length(CAST(to_document -> '$.metadata' AS BLOB)) > {metadata_bytes_max}, 1, NULL),
-- Of the kind that the change adds to.
'too_many_means', iif(given ->> '$.means.adds' AND (SELECT count(*) FROM json_each(to_document, given ->> '$.means.list')) > given ->> '$.means.max', 1, NULL),
