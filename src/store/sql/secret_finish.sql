-- Finishes a rotation: ends every secret of the credential except the newest.
UPDATE secrets SET ending = 1,
  change = c.change, changed_at = c.changed_at, changed_by = c.changed_by, changed_request = c.changed_request
FROM (SELECT *, {newest} AS newest FROM credentials WHERE id = ?1 ->> '$.credential' AND change = ?1 ->> '$.change') AS c
WHERE secrets.tenant = c.tenant AND secrets.credential = c.id AND secrets.id <> newest
