UPDATE secrets SET ending = 1, change = c.change, changed_at = c.changed_at, changed_by = c.changed_by,
  changed_request = c.changed_request
FROM credentials AS c INDEXED BY credentials_ending
WHERE c.ending AND c.change = ?1 ->> '$.change' AND secrets.tenant = c.tenant AND secrets.credential = c.id
