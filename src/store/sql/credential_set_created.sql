-- The document: $.set, with the members of the metadata in the order of their names. A credential created without an end expires
-- with its creator.
json_replace(
  iif(json_type(given, '$.set.expires_at') IS NULL,
    json_set(coalesce(given -> '$.set', '{}'), '$.expires_at', caller_ends_at), coalesce(given -> '$.set', '{}')),
  '$.metadata', json(CASE WHEN json_type(given, '$.set.metadata') = 'object' THEN (
    SELECT nullif(json_group_object(key, value ORDER BY key), '{}') FROM json_each(json_patch('{}', given -> '$.set.metadata'))) END))
