-- Judges, writes where the verdict is `go` and something differs, and gives back what judge.sql would, with the credential as it then
-- is: `changes` is a view, whose trigger writes (migrations/0005).
INSERT INTO changes (code, caller, rank, caller_tenant, caller_secret, secret_made, unnoted, caller_key, caller_sealed, unknown_roles,
  too_many_roles, last_role, unknown_principal, total, role_names, read_only, too_many_metadata, too_large_metadata, retires_at,
  retires_since, tenant, id, principal, name, description, enabled, roles, expires_at, revision, created_at, updated_at, last_used_at,
  metadata, revoked_at, revoked_reason, newest, sealing_key, sealed, writes, differs, change, changed_at, changed_request)
SELECT code, caller, rank, caller_tenant, caller_secret, secret_made, unnoted, caller_key, caller_sealed, unknown_roles,
  too_many_roles, last_role, unknown_principal, total, role_names, read_only, too_many_metadata, too_large_metadata, retires_at,
  retires_since, tenant, id, to_principal, to_name, to_description, to_enabled, to_roles, to_expires_at, revision + writes, created_at,
  -- Later than before, also where a client chose the time before or clocks disagree.
  iif(writes, max(?1 ->> '$.now', min(updated_at + 1, 9007199254740991)), updated_at), last_used_at,
  to_metadata, to_revoked_at, to_revoked_reason, newest, sealing_key, sealed,
  writes, differs, ?1 ->> '$.change', ?1 ->> '$.now', ?1 ->> '$.request'
FROM (SELECT *, code = 'go' AND (differs OR resecret OR ?1 ->> '$.rotation' IS NOT NULL) AS writes FROM verdict) WHERE 1
RETURNING code, caller, rank, caller_tenant, caller_secret, secret_made, unnoted, caller_key, caller_sealed, unknown_roles,
  too_many_roles, last_role, unknown_principal, total, role_names, read_only, too_many_metadata, too_large_metadata, retires_at,
  retires_since, tenant, id, principal, name, description, enabled, roles, expires_at, revision, created_at, updated_at, last_used_at,
  metadata, revoked_at, revoked_reason, newest, sealing_key, sealed
