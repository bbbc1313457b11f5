-- Ends every other secret of the credential. Only a stamped secret can be deleted.
UPDATE secrets SET ending = 1, change = new.change, changed_at = new.changed_at, changed_by = new.changed_by,
  changed_request = new.changed_request
FROM secrets AS new
WHERE new.id = ?1 ->> '$.secret.id' AND new.change = ?1 ->> '$.change'
  AND secrets.tenant = new.tenant AND secrets.credential = new.credential AND secrets.id <> new.id
