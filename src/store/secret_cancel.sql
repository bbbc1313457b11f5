-- A rotation is cancelled: the newest secret goes, and the one that it was to replace stays for good.
UPDATE secrets SET
  ending = (secrets.id = found.newest OR coalesce(secrets.expires_at <= ?1 ->> '$.now', 0)),
  expires_at = iif(secrets.id = found.newest, secrets.expires_at, NULL),
  change = c.change, changed_at = c.changed_at, changed_by = c.changed_by, changed_request = c.changed_request
FROM found CROSS JOIN credentials AS c
  ON c.tenant = found.place AND c.id = ?1 ->> '$.credential' AND c.change = ?1 ->> '$.change'
WHERE secrets.tenant = c.tenant AND secrets.credential = c.id
