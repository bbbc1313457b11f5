iif({document} ->> '$.unrestricted', given ->> '$.access_of_roles.full', coalesce((
  SELECT pair.value ->> 1 FROM json_each(given, '$.access_of_roles.roles') AS pair
  WHERE EXISTS (SELECT 1 FROM json_each({document}, '$.roles') AS role
    WHERE role.value ->> 'role_id' = pair.value ->> 0 AND role.value ->> 'resource' IS NULL)
  LIMIT 1), 'none'))
