-- Cancels a rotation: ends the newest secret, and removes the end of the old one.
UPDATE secrets SET
  ending = (secrets.id = newest OR coalesce(secrets.expires_at <= ?1 ->> '$.now', 0)),
  expires_at = iif(secrets.id = newest, secrets.expires_at, NULL),
  change = c.change, changed_at = c.changed_at, changed_by = c.changed_by, changed_request = c.changed_request
FROM (SELECT *, {newest} AS newest FROM credentials WHERE id = ?1 ->> '$.credential' AND change = ?1 ->> '$.change') AS c
WHERE secrets.tenant = c.tenant AND secrets.credential = c.id
