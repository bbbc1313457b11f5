-- Whether a change widens access: whether the credential may do something after it that it could not do before. A
-- credential that is disabled, revoked or expired ({now}: the time of the change), or whose principal is disabled, may
-- do nothing. A role includes the same role on every resource; a role on a resource, that on each of its instances. Access is in
-- the order of its levels; `verify_all` is included in itself only, and itself includes what `verify` does.
coalesce({after} ->> '$.enabled', 0) AND {after} ->> '$.revoked_at' IS NULL AND coalesce({after} ->> '$.expires_at' > {now}, 1)
AND (NOT {before} ->> '$.enabled' OR {before} ->> '$.revoked_at' IS NOT NULL
  OR ({before} ->> '$.expires_at' IS NOT NULL AND coalesce({after} ->> '$.expires_at' > {before} ->> '$.expires_at', 1))
  OR coalesce({after} ->> '$.unrestricted' > {before} ->> '$.unrestricted', 0)
  OR coalesce({after} ->> '$.self_rotate' > {before} ->> '$.self_rotate', 0)
  OR coalesce({after} ->> '$.verify_staleness_seconds' > {before} ->> '$.verify_staleness_seconds', 0)
  OR ({after} ->> '$.access' IS NOT {before} ->> '$.access' AND instr('none verify read edit admin verify_all', {after} ->> '$.access')
    > instr('none verify read edit admin verify_all', replace({before} ->> '$.access', '_all', '')))
  OR (NOT coalesce({before} ->> '$.unrestricted', 0) AND {after} -> '$.roles' IS NOT {before} -> '$.roles' AND EXISTS (
    SELECT 1 FROM (SELECT char(10) || group_concat(json_array(value ->> 'role_id', value ->> 'resource', value ->> 'resource_instance'), char(10)) || char(10) AS held
        FROM json_each({before}, '$.roles')) AS roles_before
      CROSS JOIN json_each({after}, '$.roles') AS a
      -- JSON has no line feed in it, so that a whole line is a whole role.
      WHERE NOT coalesce(instr(held, char(10) || json_array(a.value ->> 'role_id', NULL, NULL) || char(10))
        OR instr(held, char(10) || json_array(a.value ->> 'role_id', a.value ->> 'resource', NULL) || char(10))
        OR instr(held, char(10) || json_array(a.value ->> 'role_id', a.value ->> 'resource', a.value ->> 'resource_instance') || char(10)), 0)))
  OR ({after} -> '$.keys' IS NOT {before} -> '$.keys' AND EXISTS (
    SELECT key FROM json_each({after}, '$.keys') EXCEPT SELECT key FROM json_each({before}, '$.keys')))
  OR ({after} -> '$.trusts' IS NOT {before} -> '$.trusts' AND EXISTS (
    SELECT key FROM json_each({after}, '$.trusts') EXCEPT SELECT key FROM json_each({before}, '$.trusts')))
  OR ({after} ->> '$.principal' IS NOT {before} ->> '$.principal' AND NOT EXISTS (SELECT 1 FROM principals AS p
    WHERE p.tenant = {tenant} AND p.id = {before} ->> '$.principal' AND p.enabled)))
AND ({after} ->> '$.principal' IS NULL OR EXISTS (SELECT 1 FROM principals AS p
  WHERE p.tenant = {tenant} AND p.id = {after} ->> '$.principal' AND p.enabled))
