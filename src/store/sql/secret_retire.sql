-- Starts a rotation: existing secrets stay valid for the grace period, but not beyond their own end or the
-- credential's. Expired secrets end.
UPDATE secrets SET
  ending = coalesce(secrets.expires_at <= ?1 ->> '$.now', 0),
  expires_at = min(?1 ->> '$.now' + (?1 ->> '$.grace_seconds') * 1000000, coalesce(secrets.expires_at, 9007199254740991),
    coalesce(c.expires_at, 9007199254740991)),
  change = c.change, changed_at = c.changed_at, changed_by = c.changed_by, changed_request = c.changed_request
FROM credentials AS c
WHERE c.id {is_credential} AND c.change = ?1 ->> '$.change'
  AND secrets.tenant = c.tenant AND secrets.credential = c.id AND secrets.id <> ?1 ->> '$.secret.id'
