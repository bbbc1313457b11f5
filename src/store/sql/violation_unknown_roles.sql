-- Role names that are not in the tenant's catalogue. The credential may keep a role after its name left the
-- catalogue, so that a PUT of what GET returned is valid. If the list is invalid, only its names are compared.
json(CASE
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
END)
