-- Which tenant, principal and thing the request is about: the tenant of the path or header, or that of the token that root looks up,
-- or the caller's own (only root sees another's); the principal of the path; the thing as it is now. `place` is the tenant,
-- `whom` the principal of the path, `target` the credential, by its id or by one of its tokens.
found AS MATERIALIZED (
  SELECT caller.id AS caller, caller.tenant AS caller_tenant, caller.rank, caller.expires_at AS caller_expires_at,
    coalesce(caller.state, 'unauthenticated') AS caller_state, caller.secret AS caller_secret, caller.secret_made, caller.unnoted,
    caller.key AS caller_key, caller.sealed AS caller_sealed, caller.retires_at, caller.retires_since,
    place.id AS place, place.label, place.rbac, place.preconditions, place.role_names, place.credentials AS total, whom.id AS whom
    {columns}
  FROM (SELECT 1) LEFT JOIN caller
  LEFT JOIN tenants AS place
    ON place.id = CASE
      WHEN ?1 ->> '$.tenant.id' IS NOT NULL THEN ?1 ->> '$.tenant.id'
      WHEN ?1 ->> '$.tenant.label' IS NOT NULL THEN (SELECT id FROM tenants WHERE label = ?1 ->> '$.tenant.label')
      {tenant_of_token}
      ELSE caller.tenant END
    AND (caller.rank = 4 OR caller.tenant = place.id)
  LEFT JOIN principals AS whom ON whom.tenant = place.id AND whom.id = ?1 ->> '$.principal'
  {target}
)
