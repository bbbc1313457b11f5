-- An update in one statement that judges, writes and answers. A statement that writes nothing gives nothing back, so a refusal would
-- need a second one, with all of the verdict evaluated again. A row inserted here always comes back (RETURNING), and is written
-- only where the verdict let it (docs/decisions/0015).
CREATE VIEW changes AS SELECT
  -- What is given back: the columns of src/store/judge.sql, with the credential as it is after the change.
  NULL AS code, NULL AS caller, NULL AS rank, NULL AS caller_tenant, NULL AS caller_secret, NULL AS secret_made, NULL AS unnoted,
  NULL AS caller_key, NULL AS caller_sealed, NULL AS unknown_roles, NULL AS too_many_roles, NULL AS last_role, NULL AS unknown_principal,
  NULL AS total, NULL AS role_names, NULL AS read_only, NULL AS too_many_metadata, NULL AS too_large_metadata, NULL AS retires_at,
  NULL AS retires_since, NULL AS tenant, NULL AS id, NULL AS principal, NULL AS name, NULL AS description, NULL AS enabled, NULL AS roles,
  NULL AS expires_at, NULL AS revision, NULL AS created_at, NULL AS updated_at, NULL AS last_used_at, NULL AS metadata,
  NULL AS revoked_at, NULL AS revoked_reason, NULL AS newest, NULL AS sealing_key, NULL AS sealed,
  -- What the trigger needs besides.
  NULL AS writes, NULL AS differs, NULL AS change, NULL AS changed_at, NULL AS changed_request;

CREATE TRIGGER changes_made INSTEAD OF INSERT ON changes
WHEN NEW.writes
BEGIN
  UPDATE credentials SET
    principal = NEW.principal, name = NEW.name, description = NEW.description, enabled = NEW.enabled, roles = NEW.roles,
    expires_at = NEW.expires_at, metadata = NEW.metadata, revoked_at = NEW.revoked_at, revoked_reason = NEW.revoked_reason,
    revision = NEW.revision, updated_at = NEW.updated_at,
    event = iif(NEW.differs, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = NEW.tenant), event),
    change = NEW.change, changed_at = NEW.changed_at, changed_by = NEW.caller, changed_request = NEW.changed_request
  WHERE tenant = NEW.tenant AND id = NEW.id;
END;
