-- What a change would leave, by the very expressions that it would be written with, and whether that widens access: as the
-- trigger of the events says it (migrations/0004).
SELECT tenant, id, to_principal AS principal, to_name AS name, to_description AS description, to_enabled AS enabled, to_roles AS roles,
  to_expires_at AS expires_at, revision, created_at, updated_at, last_used_at, to_metadata AS metadata, to_revoked_at AS revoked_at,
  to_revoked_reason AS revoked_reason,
  (roles IS NOT NULL AND to_roles IS NULL)
  OR (roles IS NOT NULL AND EXISTS (SELECT value FROM json_each(to_roles) EXCEPT SELECT value FROM json_each(verdict.roles)))
  OR (to_enabled > enabled)
  OR (expires_at IS NOT NULL AND (to_expires_at IS NULL OR to_expires_at > expires_at))
  OR (revoked_at IS NOT NULL AND to_revoked_at IS NULL) AS widened
FROM verdict WHERE code = 'go'
