-- The caller, and the resources that the request names. `tenant` comes from the path or a header, else from the token
-- that root looks up, else it is the caller's own; only root sees other tenants. `principal` comes from the path.
-- `target` is the credential, found by its id or by one of its tokens.
found AS NOT MATERIALIZED (
  SELECT caller.id AS caller, caller.tenant AS caller_tenant, caller.rank, caller.verifies_all, caller.ends_at AS caller_ends_at,
    caller.state AS caller_state, caller.secret AS caller_secret, caller.secret_made, caller.unnoted,
    caller.key AS caller_key, caller.sealed AS caller_sealed, caller.retires_at, caller.retires_since,
    tenant.id AS tenant, tenant.label, tenant.credentials AS total, principal.id AS principal
    {columns}
  FROM caller
  LEFT JOIN tenants AS tenant
    ON tenant.id = CASE
      WHEN ?1 ->> '$.tenant.id' IS NOT NULL THEN ?1 ->> '$.tenant.id'
      WHEN ?1 ->> '$.tenant.label' IS NOT NULL THEN (SELECT id FROM tenants WHERE label = ?1 ->> '$.tenant.label')
      {tenant_of_token}
      ELSE caller.tenant END
    AND (caller.rank = 5 OR caller.tenant = tenant.id)
  LEFT JOIN principals AS principal ON principal.tenant = tenant.id AND principal.id = ?1 ->> '$.principal'
  {target}
  LIMIT 0,1
)
