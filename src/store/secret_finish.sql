-- A rotation is finished: of its credential's secrets the newest alone stays.
UPDATE secrets SET ending = 1,
  change = c.change, changed_at = c.changed_at, changed_by = c.changed_by, changed_request = c.changed_request
FROM found CROSS JOIN credentials AS c
  ON c.tenant = found.place AND c.id = ?1 ->> '$.credential' AND c.change = ?1 ->> '$.change'
WHERE secrets.tenant = c.tenant AND secrets.credential = c.id AND secrets.id <> found.newest
