-- The verdict, what the refusal's words need, and the credential as it was before the write.
SELECT verdict.code, caller.id AS caller, caller.rank, caller.tenant AS caller_tenant, caller.secret AS caller_secret, caller.unnoted,
  place.id AS place, place.label,
  broken.unknown_roles, broken.too_many_roles, broken.last_role, broken.unknown_principal,
  target.tenant, target.id, target.principal, target.name, target.description, target.enabled, target.roles,
  target.expires_at, target.revision, target.created_at, target.updated_at, target.last_used_at,
  newest.id AS newest, newest.key AS sealing_key, newest.sealed
FROM verdict LEFT JOIN caller LEFT JOIN place LEFT JOIN broken LEFT JOIN target LEFT JOIN newest
