-- The verdict, what the refusal's words need, and the credential as it was before the write.
SELECT code, caller, rank, caller_tenant, caller_secret, secret_made, unnoted, caller_key, caller_sealed, unknown_roles, too_many_roles, last_role, unknown_principal,
  total, role_names, read_only, too_many_metadata, too_large_metadata, retires_at, retires_since,
  tenant, id, principal, name, description, enabled, roles, expires_at, revision, created_at, updated_at, last_used_at,
  metadata, revoked_at, revoked_reason,
  newest, sealing_key, sealed
FROM verdict
