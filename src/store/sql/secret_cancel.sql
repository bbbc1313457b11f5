-- A rotation is cancelled: the newest secret ends, and the one that it was to replace stays without an end.
UPDATE secrets SET
  ending = (secrets.id = newest OR coalesce(secrets.expires_at <= ?1 ->> '$.now', 0)),
  expires_at = iif(secrets.id = newest, secrets.expires_at, NULL),
  change = c.change, changed_at = c.changed_at, changed_by = c.changed_by, changed_request = c.changed_request
FROM (SELECT *, {newest} AS newest FROM credentials WHERE id = ?1 ->> '$.credential' AND change = ?1 ->> '$.change') AS c
WHERE secrets.tenant = c.tenant AND secrets.credential = c.id
