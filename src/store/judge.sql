-- The verdict, what the refusal's words need, and the credential as it was before the write.
SELECT code, caller, rank, caller_tenant, caller_secret, secret_made, unnoted, caller_key, caller_sealed,
  total, role_names, retires_at, retires_since,
  -- Not for a read: from here
  unknown_roles, too_many_roles, last_role, unknown_principal, read_only, too_many_metadata, too_large_metadata,
  -- Not for a read: to here
  tenant, id, principal, name, description, enabled, roles, expires_at, revision, created_at, updated_at, last_used_at,
  metadata, revoked_at, revoked_reason,
  newest, sealing_key, sealed
FROM verdict
