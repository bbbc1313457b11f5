-- Writes when the verdict allows it and something differs; `go` and no row back is how "nothing changed" is said.
UPDATE credentials SET
  principal = after.principal, name = after.name, description = after.description, enabled = after.enabled,
  roles = after.roles, expires_at = after.expires_at,
  revision = credentials.revision + 1,
  -- Later than before, also where a client chose the time before or clocks disagree.
  updated_at = max(?1 ->> '$.now', min(credentials.updated_at + 1, 9007199254740991)),
  event = iif(after.differs, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE tenant = after.tenant), credentials.event),
  change = ?1 ->> '$.change', changed_at = ?1 ->> '$.now', changed_by = caller.id, changed_request = ?1 ->> '$.request'
FROM verdict CROSS JOIN caller CROSS JOIN after
WHERE verdict.code = 'go' AND (after.differs OR after.resecret)
  AND credentials.tenant = after.tenant AND credentials.id = after.id
