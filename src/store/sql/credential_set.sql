-- The merge patch: $.set, adjusted where the stored document matters.
json_remove(json_replace(
    coalesce(given -> '$.set', '{}'),
    -- A change in one context keeps the roles outside that context. No document has the member `-`.
    iif(json_type(given, '$.context') IS NULL, '$.-', '$.roles'), json(iif(json_type(given, '$.context') IS NULL, NULL, (
      SELECT json_group_array(json(role) ORDER BY role ->> 'resource', role ->> 'resource_instance', role ->> 'role_id') FROM (
        SELECT kept.value AS role FROM json_each(document, '$.roles') AS kept
        WHERE NOT (kept.value ->> 'resource' IS given ->> '$.context.resource'
          AND kept.value ->> 'resource_instance' IS given ->> '$.context.resource_instance')
        UNION SELECT said.value FROM json_each(given, '$.set.roles') AS said)))),
    {unrestricted}
    -- A merge changes metadata member by member, and null removes a member. Any other change replaces the whole object.
    '$.metadata', json(CASE WHEN json_type(given, '$.set.metadata') = 'object' THEN (
      SELECT nullif(json_group_object(key, value ORDER BY key), '{}') FROM json_each(
        json_patch(iif(?1 ->> '$.merges', coalesce(document -> '$.metadata', '{}'), '{}'), given -> '$.set.metadata'))) END)),
  -- A face whose "active" means enabled and not revoked cannot change `enabled` of a revoked credential.
  iif(?1 ->> '$.active' AND document ->> '$.revoked_at' IS NOT NULL, '$.enabled', '$.-'),
  -- Revoking a second time changes only the reason.
  iif(given ->> '$.set.revoked_at' IS NOT NULL AND document ->> '$.revoked_at' IS NOT NULL, '$.revoked_at', '$.-')
  {own})
