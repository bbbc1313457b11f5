-- Writes when the verdict allows it and something differs; `go` and no row back is how "nothing changed" is said.
UPDATE credentials SET
  principal = to_principal, name = to_name, description = to_description, enabled = to_enabled, roles = to_roles,
  expires_at = to_expires_at, metadata = to_metadata, revoked_at = to_revoked_at, revoked_reason = to_revoked_reason,
  revision = credentials.revision + 1,
  -- Later than before, also where a client chose the time before or clocks disagree.
  updated_at = max(?1 ->> '$.now', min(credentials.updated_at + 1, 9007199254740991)),
  event = iif(differs, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = verdict.place), credentials.event),
  change = ?1 ->> '$.change', changed_at = ?1 ->> '$.now', changed_by = caller, changed_request = ?1 ->> '$.request'
FROM verdict
WHERE verdict.code = 'go' AND (differs OR resecret OR ?1 ->> '$.rotation' IS NOT NULL)
  AND credentials.tenant = verdict.place AND credentials.id = verdict.id
RETURNING *
